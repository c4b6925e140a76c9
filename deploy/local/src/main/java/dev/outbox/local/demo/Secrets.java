package dev.outbox.local.demo;

import java.security.SecureRandom;
import java.util.Base64;

/** Passwords for one run of the demonstration. */
final class Secrets {

  private static final int BYTES = 18;
  private static final SecureRandom RANDOM = new SecureRandom();

  private Secrets() {}

  /** Letters, digits, {@code -} and {@code _}, which need no quotes in a shell. */
  static String random() {
    byte[] bytes = new byte[BYTES];
    RANDOM.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
