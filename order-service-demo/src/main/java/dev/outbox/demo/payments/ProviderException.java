package dev.outbox.demo.payments;

import org.springframework.http.HttpStatus;

/** The provider did not say that it has charged; it may have. */
final class ProviderException extends Exception {

  private static final long serialVersionUID = 1;

  private final HttpStatus status;

  ProviderException(HttpStatus status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** What the order service answers. */
  HttpStatus status() {
    return status;
  }
}
