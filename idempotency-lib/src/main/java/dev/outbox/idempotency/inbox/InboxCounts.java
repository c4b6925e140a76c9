package dev.outbox.idempotency.inbox;

/**
 * What a runner has done since its start. Received is always applied plus repeats plus dead
 * letters: a batch counts when its transaction is committed.
 *
 * @param received records in committed batches
 * @param applied events whose effect was committed
 * @param repeats records whose event had been seen before
 * @param deadLettered events given up and put into the dead-letter topic
 * @param failedAttempts batches rolled back, each to be tried again
 */
public record InboxCounts(
    long received, long applied, long repeats, long deadLettered, long failedAttempts) {

  static final InboxCounts NONE = new InboxCounts(0, 0, 0, 0, 0);

  InboxCounts withBatch(int size, int repeated) {
    return new InboxCounts(
        received + size,
        applied + size - repeated,
        repeats + repeated,
        deadLettered,
        failedAttempts);
  }

  InboxCounts withDeadLetter() {
    return new InboxCounts(received + 1, applied, repeats, deadLettered + 1, failedAttempts);
  }

  InboxCounts withFailedAttempt() {
    return new InboxCounts(received, applied, repeats, deadLettered, failedAttempts + 1);
  }
}
