package dev.outbox.relay.leadership;

/** Asked before anything is published. */
public interface LeadershipCheck {

  /**
   * Returns while this instance leads. Nearly free, except where the last answer of the database is
   * too old: then it asks again, and the caller waits.
   *
   * @throws dev.outbox.relay.failure.ReplacedException when another instance has begun a run
   * @throws dev.outbox.relay.failure.RelayException when the database cannot be asked; nobody may
   *     publish then, since another instance may have taken over
   */
  void require();
}
