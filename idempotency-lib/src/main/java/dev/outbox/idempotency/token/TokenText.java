package dev.outbox.idempotency.token;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** How a token looks to a client, and to the table. */
final class TokenText {

  /** 256 bits; not to be guessed even by who may try against millions of them. */
  static final int BYTES = 32;

  private static final SecureRandom RANDOM = new SecureRandom();

  private TokenText() {}

  /** URL-safe, without padding, 43 characters. */
  static String random() {
    byte[] bytes = new byte[BYTES];
    RANDOM.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * What is stored in place of the token: who reads the table cannot spend what it holds. Random
   * tokens need neither salt nor a slow hash.
   */
  static byte[] hash(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
