package dev.outbox.relay.publishing;

/** Is told once what became of a record, on Kafka's callback thread: complete, never block. */
public interface Delivery {

  /** All in-sync replicas have the record. */
  void acknowledged();

  /** Kafka will never take the record as it is. */
  void rejected(Exception cause);
}
