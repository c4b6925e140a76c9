package dev.outbox.relay.command;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import org.springframework.boot.convert.DurationStyle;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A moment, or how long ago it was. */
final class MomentConverter implements ITypeConverter<Instant> {

  @Override
  public Instant convert(String text) {
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
      throw new TypeConversionException(
          "'%s' is no moment; give one such as 2026-05-01T00:00:00Z, or how long ago, such as 1h"
              .formatted(text));
    }
  }
}
