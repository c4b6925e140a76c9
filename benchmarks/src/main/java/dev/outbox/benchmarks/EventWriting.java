package dev.outbox.benchmarks;

/** A library that writes events in the business transaction. Any thread may use it. */
interface EventWriting extends AutoCloseable {

  /** Its name in tables. */
  String name();

  /** Places one order with so many events and commits. */
  void placeOrder(int events) throws Exception;

  @Override
  default void close() {}
}
