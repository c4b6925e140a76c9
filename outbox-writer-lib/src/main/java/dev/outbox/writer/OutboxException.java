package dev.outbox.writer;

import org.jspecify.annotations.Nullable;

/** The parent of all failures that this library reports, for callers who treat them alike. */
public abstract class OutboxException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** For the packages of this library. */
  protected OutboxException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
