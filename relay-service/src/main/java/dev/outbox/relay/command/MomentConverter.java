package dev.outbox.relay.command;

import dev.outbox.relay.operations.Moment;
import java.time.Instant;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A moment, or how long ago it was. */
final class MomentConverter implements ITypeConverter<Instant> {

  @Override
  public Instant convert(String text) {
    try {
      return Moment.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(String.valueOf(e.getMessage()));
    }
  }
}
