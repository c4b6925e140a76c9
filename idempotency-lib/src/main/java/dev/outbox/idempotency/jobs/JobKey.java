package dev.outbox.idempotency.jobs;

import dev.outbox.idempotency.internal.IndexedText;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * What makes two jobs the same: who receives the effect, which effect it is, and of which business
 * fact. A second job of the same key is a repeat and is not written.
 *
 * @param recipient who receives the effect, a user or an account, at most 1024 bytes
 * @param type which effect, the name its handler is registered under, at most 256 bytes
 * @param businessId the fact it belongs to, such as the order, at most 1024 bytes
 * @throws IllegalArgumentException when a part is blank, too long, or not storable
 */
public record JobKey(String recipient, String type, String businessId) {

  static final int LONGEST_RECIPIENT = 1024;
  static final int LONGEST_TYPE = 256;
  static final int LONGEST_BUSINESS_ID = 1024;

  private static final long VERSION_8 = 0x8000L;
  private static final long VARIANT = 0x8000000000000000L;

  public JobKey {
    IndexedText.check("recipient", recipient, LONGEST_RECIPIENT);
    IndexedText.check("type", type, LONGEST_TYPE);
    IndexedText.check("businessId", businessId, LONGEST_BUSINESS_ID);
  }

  /**
   * The key to hand to the receiver, for example as HTTP header {@code Idempotency-Key}: the same
   * at every attempt, and for a job that is enqueued again after its row expired. It is a UUID
   * (version 8, from SHA-256 over the three parts), so it tells nothing about them to who cannot
   * guess them.
   */
  public String idempotencyKey() {
    // NUL joins without ambiguity, because no part may contain it.
    byte[] name = (recipient + '\0' + type + '\0' + businessId).getBytes(StandardCharsets.UTF_8);
    ByteBuffer hash = ByteBuffer.wrap(sha256().digest(name));
    long high = hash.getLong() & ~0xF000L | VERSION_8;
    long low = hash.getLong() & ~0xC000000000000000L | VARIANT;
    return new UUID(high, low).toString();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
