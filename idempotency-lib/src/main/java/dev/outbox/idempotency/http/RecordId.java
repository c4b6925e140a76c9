package dev.outbox.idempotency.http;

import java.util.HexFormat;

/**
 * The name of a record: SHA-256 over scope and key. Whoever reads it learns neither.
 *
 * @param sha256 64 hexadecimal digits
 */
public record RecordId(String sha256) {

  /** The 32 bytes. */
  public byte[] bytes() {
    return HexFormat.of().parseHex(sha256);
  }
}
