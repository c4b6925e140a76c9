package dev.outbox.writer;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What a string must satisfy to travel unchanged through PostgreSQL and a Kafka record. Checked
 * here because the database's own error comes late, aborts the caller's transaction and does not
 * say which field of which event it means.
 */
final class DatabaseText {

  private DatabaseText() {}

  static String require(String field, @Nullable String value) {
    if (value == null) {
      throw new IllegalArgumentException(field + " must not be null");
    }
    int nul = value.indexOf('\0');
    if (nul >= 0) {
      throw new IllegalArgumentException(
          field + " contains a NUL character at index " + nul + ", which PostgreSQL cannot store");
    }
    return requirePairedSurrogates(field, value);
  }

  static String requireNonBlank(String field, @Nullable String value) {
    String text = require(field, value);
    if (text.isBlank()) {
      throw new IllegalArgumentException(field + " must not be blank");
    }
    return text;
  }

  /** Unlike {@code getBytes} alone, never puts a question mark in place of what has no encoding. */
  static byte[] utf8(String field, String value) {
    return requirePairedSurrogates(field, value).getBytes(StandardCharsets.UTF_8);
  }

  private static String requirePairedSurrogates(String field, String value) {
    int i = 0;
    while (i < value.length()) {
      // A pair comes out as one supplementary code point, so a surrogate here stands alone.
      int codePoint = value.codePointAt(i);
      if (Character.getType(codePoint) == Character.SURROGATE) {
        throw new IllegalArgumentException(
            field + " contains an unpaired surrogate at index " + i + ", which has no UTF-8 form");
      }
      i += Character.charCount(codePoint);
    }
    return value;
  }
}
