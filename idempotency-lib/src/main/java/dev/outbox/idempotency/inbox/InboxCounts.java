package dev.outbox.idempotency.inbox;

/**
 * What a runner has done since its start. Received is always applied plus repeats: a batch counts
 * when its transaction is committed.
 *
 * @param received records in committed batches
 * @param applied events whose effect was committed
 * @param repeats records whose event had been seen before
 * @param failedAttempts batches rolled back, each to be tried again
 */
public record InboxCounts(long received, long applied, long repeats, long failedAttempts) {

  static final InboxCounts NONE = new InboxCounts(0, 0, 0, 0);

  InboxCounts withBatch(Claimed claimed) {
    return new InboxCounts(
        received + claimed.size(),
        applied + claimed.size() - claimed.repeats(),
        repeats + claimed.repeats(),
        failedAttempts);
  }

  InboxCounts withFailedAttempt() {
    return new InboxCounts(received, applied, repeats, failedAttempts + 1);
  }
}
