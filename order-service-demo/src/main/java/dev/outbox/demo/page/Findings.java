package dev.outbox.demo.page;

import java.time.Duration;
import java.util.List;

/**
 * What an audit says at one moment.
 *
 * @param rows committed rows of the outbox
 * @param published distinct events on the topics
 * @param records all records on the topics
 * @param repeats records of an event that stood on its topic before
 * @param parked events the relay has set aside
 * @param discarded events an operator has given up
 * @param effects effects that have been seen
 * @param toPublish events that wait for their topic
 * @param toApply events on a topic that wait for an effect
 * @param oldest since when the oldest of those has been under way
 * @param wrong what must never be; empty when all is right
 */
record Findings(
    long rows,
    long published,
    long records,
    long repeats,
    long parked,
    long discarded,
    long effects,
    long toPublish,
    long toApply,
    Duration oldest,
    List<String> wrong) {

  Findings {
    wrong = List.copyOf(wrong);
  }

  long underWay() {
    return toPublish + toApply;
  }
}
