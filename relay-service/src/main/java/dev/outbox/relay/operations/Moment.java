package dev.outbox.relay.operations;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.springframework.boot.convert.DurationStyle;

/** Moments as operators write them. */
public final class Moment {

  private Moment() {}

  /**
   * The moment, or how long ago it was: {@code 2026-05-01T00:00:00Z} or {@code 1h}.
   *
   * @throws IllegalArgumentException when it is neither, with the remedy
   */
  public static Instant parse(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException e) {
      return ago(text);
    }
  }

  private static Instant ago(String text) {
    try {
      return Instant.now().minus(DurationStyle.detectAndParse(text));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "'%s' is no moment; give one such as 2026-05-01T00:00:00Z, or how long ago, such as 1h"
              .formatted(text),
          e);
    }
  }
}
