package dev.outbox.local;

import java.time.Duration;

/** Where a broker runs: in a process of its own or inside this JVM. Used by one thread. */
interface Broker {

  void start();

  void stop();

  void kill();

  /** Ends it as fast as it can be, whatever becomes of its data. */
  void discard();

  boolean isRunning();

  /** Waits at most this long for the broker to end, and says whether it has. */
  boolean endedWithin(Duration duration);

  /** What the broker said last, for the message of a failure. */
  String lastWords();
}
