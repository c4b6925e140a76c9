package dev.outbox.idempotency.http;

/**
 * Another attempt has taken the reservation over, because this one's lease had ended. Whatever this
 * one still holds open is to be rolled back; the other's answer counts.
 */
public final class SupersededException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  SupersededException() {
    super("another attempt has taken over this idempotency key; its answer counts");
  }
}
