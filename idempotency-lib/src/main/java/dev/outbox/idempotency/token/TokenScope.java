package dev.outbox.idempotency.token;

import dev.outbox.idempotency.internal.IndexedText;

/**
 * What a token is good for; it is worth nothing anywhere else.
 *
 * @param subject who may spend it, such as the user or the session, at most 1024 bytes
 * @param purpose what for, such as {@code submit-order}, at most 256 bytes
 * @throws IllegalArgumentException when a part is blank, too long, or not storable
 */
public record TokenScope(String subject, String purpose) {

  static final int LONGEST_SUBJECT = 1024;
  static final int LONGEST_PURPOSE = 256;

  public TokenScope {
    IndexedText.check("subject", subject, LONGEST_SUBJECT);
    IndexedText.check("purpose", purpose, LONGEST_PURPOSE);
  }
}
