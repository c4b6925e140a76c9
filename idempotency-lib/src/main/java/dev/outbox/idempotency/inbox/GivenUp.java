package dev.outbox.idempotency.inbox;

/**
 * Why an event goes to the dead-letter topic.
 *
 * @param reason for people: class and SQLSTATE of the failure, or what it follows
 * @param details what the exception said, which may quote the event; only for where the payload is
 * @param attempts how often it was tried, 0 for one that follows another
 */
record GivenUp(String reason, String details, int attempts) {

  static GivenUp failed(Throwable failure, int attempts) {
    return new GivenUp(
        failure.getClass().getName() + FailureLog.sqlState(failure).map(s -> " " + s).orElse(""),
        String.valueOf(failure.getMessage()),
        attempts);
  }

  static GivenUp follows() {
    return new GivenUp("follows a dead letter of its key", "", 0);
  }

  boolean isFollower() {
    return attempts == 0;
  }
}
