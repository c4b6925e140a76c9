package dev.outbox.local;

import org.jspecify.annotations.Nullable;

/** A server or process of the local stack did not do what was asked; the message says why. */
public final class LocalStackException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  LocalStackException(String message) {
    super(message);
  }

  LocalStackException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
