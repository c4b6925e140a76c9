package dev.outbox.idempotency.inbox;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * What the text of a marker may be.
 *
 * <p>PostgreSQL refuses an index entry above 2704 bytes, NUL and malformed Unicode. Each would fail
 * the insert of the whole batch at every attempt, so it is refused where the text comes in. The
 * three limits together stay below the limit of the index.
 */
final class MarkerText {

  static final int LONGEST_CONSUMER = 256;
  static final int LONGEST_SOURCE = 1024;
  static final int LONGEST_ID = 1024;

  private MarkerText() {}

  static void check(String what, String text, int longest) {
    if (text.isBlank()) {
      throw new IllegalArgumentException(what + " is blank");
    }
    if (text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(what + " contains NUL, which PostgreSQL cannot store");
    }
    int bytes = encodedLength(what, text);
    if (bytes > longest) {
      throw new IllegalArgumentException(
          "%s has %d bytes in UTF-8, at most %d fit the index".formatted(what, bytes, longest));
    }
  }

  /** Strict, because a lenient decoder maps different malformed ids to one and the same text. */
  static String decode(String what, byte[] utf8) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(what + " is not UTF-8", e);
    }
  }

  private static int encodedLength(String what, String text) {
    try {
      return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text)).remaining();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(what + " is not well-formed Unicode", e);
    }
  }
}
