package dev.outbox.relay.control;

/**
 * Who asked for something, and why.
 *
 * @param by the operator's name; empty when it is not known
 * @param reason why, in the operator's words; may be empty
 */
public record Attribution(String by, String reason) {

  /** Nobody is known, and no reason. */
  public static final Attribution NONE = new Attribution("", "");
}
