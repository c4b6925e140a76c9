package dev.outbox.relay.publishing;

/** What became of handing a record to the producer. */
public sealed interface Handover {

  /** The producer has it; its {@link Delivery} will be told. */
  record Taken() implements Handover {}

  /** Giving up came first; the record was not sent. */
  record GivenUp() implements Handover {}

  /**
   * The record was refused at once; its {@link Delivery} is told nothing.
   *
   * @param failure why
   */
  record Refused(PublishFailure failure) implements Handover {}
}
