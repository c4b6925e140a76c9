package dev.outbox.benchmarks;

import dev.outbox.local.ChildProcess;

/** Something that brings the outbox to Kafka, each with a slot and a topic of its own. */
interface Contender {

  /** Its name in tables. */
  String name();

  /** The topic it writes the events to. */
  String topic();

  /** Makes its slot, so that what is written from now on waits for it. */
  void prepare(Stack stack);

  /** Starts it. */
  ChildProcess start(Stack stack);
}
