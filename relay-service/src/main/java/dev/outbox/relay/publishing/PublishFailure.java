package dev.outbox.relay.publishing;

import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;

/** Why a record is not on its topic, and what follows from it. */
public sealed interface PublishFailure {

  /**
   * Kafka will not take the record, however often it is sent: to be parked.
   *
   * @param stage where on its way it was refused
   * @param scope what is refused besides this record
   * @param reason what is wrong: the thing and its value
   * @param remedy what an operator can do about it
   */
  record Rejected(Stage stage, Scope scope, String reason, String remedy)
      implements PublishFailure {}

  /**
   * The record was not sent, or its transaction was aborted, for no fault of its own: send again.
   */
  record NotSent() implements PublishFailure {}

  /**
   * Nothing can be published the way things are: the run ends and the relay tries again.
   *
   * @param cause what an operator is told
   */
  record Fatal(RelayException cause) implements PublishFailure {}

  /** What a rejection is about. */
  enum Scope {
    /** This record alone. */
    RECORD,
    /** Every record of its topic, for as long as the cause is there. */
    TOPIC
  }
}
