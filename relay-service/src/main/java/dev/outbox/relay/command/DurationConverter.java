package dev.outbox.relay.command;

import java.time.Duration;
import org.springframework.boot.convert.DurationStyle;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Durations as the settings have them: {@code 30s}, {@code 7d}. */
final class DurationConverter implements ITypeConverter<Duration> {

  @Override
  public Duration convert(String text) {
    try {
      return DurationStyle.detectAndParse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(
          "'%s' is no duration; give a number with a unit, such as 30s, 1h or 7d".formatted(text));
    }
  }
}
