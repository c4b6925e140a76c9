package dev.outbox.writer;

import org.jspecify.annotations.Nullable;

/**
 * An object could not be made an event's payload. Nothing was written, and the transaction is
 * usable. The message names classes only; what the encoder says is in the cause, since it may quote
 * the object.
 */
public final class EventSerializationException extends OutboxException {

  private static final long serialVersionUID = 1L;

  EventSerializationException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
