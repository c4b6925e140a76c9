package dev.outbox.idempotency.internal;

import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * Text that stands in a unique index. PostgreSQL refuses an index entry above 2704 bytes, NUL and
 * malformed Unicode; refused where the text comes in, the message can name the part.
 */
public final class IndexedText {

  private IndexedText() {}

  /**
   * @param what the part, for the message; the text itself is never quoted
   * @param longest the most bytes it may have in UTF-8
   * @throws IllegalArgumentException when it is blank, contains NUL, is not well-formed or too long
   */
  public static void check(String what, String text, int longest) {
    if (text.isBlank() || text.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(what + " is blank or contains NUL");
    }
    int bytes = utf8(what, text);
    if (bytes > longest) {
      throw new IllegalArgumentException(
          "%s has %d bytes in UTF-8, at most %d fit the index".formatted(what, bytes, longest));
    }
  }

  private static int utf8(String what, String text) {
    try {
      return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text)).remaining();
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException(what + " is not well-formed Unicode", e);
    }
  }
}
