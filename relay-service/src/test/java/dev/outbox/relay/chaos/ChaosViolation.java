package dev.outbox.relay.chaos;

/** What was promised did not hold. */
final class ChaosViolation extends AssertionError {

  private static final long serialVersionUID = 1L;

  ChaosViolation(String what) {
    super(what);
  }
}
