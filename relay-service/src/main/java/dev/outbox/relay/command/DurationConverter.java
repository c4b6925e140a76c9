package dev.outbox.relay.command;

import java.time.Duration;
import org.springframework.boot.convert.DurationStyle;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as the settings write them: 500ms, 30s, 7d. */
final class DurationConverter implements ITypeConverter<Duration> {

  @Override
  public Duration convert(String value) {
    try {
      return DurationStyle.detectAndParse(value);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "'%s' is not a duration: give a number with a unit, such as 500ms, 30s or 7d"
              .formatted(value));
    }
  }
}
