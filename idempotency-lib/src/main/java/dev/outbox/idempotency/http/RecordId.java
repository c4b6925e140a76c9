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

  /** The key for a third party; from it nobody learns this name. */
  String keyFor(String step) {
    return new Digest("third party").add(sha256).add(step).hex();
  }
}
