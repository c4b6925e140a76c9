package dev.outbox.relay.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.EncoderBase;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import dev.outbox.relay.config.ShownSettings;
import java.nio.charset.Charset;
import java.util.Iterator;
import java.util.Objects;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;

/**
 * Keeps the secrets of the settings out of every line of the log, whoever writes it: the relay
 * itself logs none, but drivers and frameworks do when somebody turns their levels down. Any
 * thread.
 */
public final class MaskedLog {

  private MaskedLog() {}

  /**
   * From now on the log of this process, as far as Logback writes it to a stream or file, tells
   * none of these settings' secrets. Called again, other settings take the place of these.
   */
  public static void keepOut(ShownSettings settings) {
    ILoggerFactory factory = LoggerFactory.getILoggerFactory();
    if (factory instanceof LoggerContext context) {
      for (Logger logger : context.getLoggerList()) {
        for (Iterator<Appender<ILoggingEvent>> all = logger.iteratorForAppenders();
            all.hasNext(); ) {
          if (all.next() instanceof OutputStreamAppender<ILoggingEvent> writing) {
            writing.setEncoder(Masking.around(writing.getEncoder(), settings));
          }
        }
      }
    }
  }

  private static final class Masking extends EncoderBase<ILoggingEvent> {

    private final Encoder<ILoggingEvent> encoder;
    private final ShownSettings settings;

    private Masking(Encoder<ILoggingEvent> encoder, ShownSettings settings) {
      this.encoder = encoder;
      this.settings = settings;
      setContext(encoder.getContext());
      start();
    }

    static Masking around(Encoder<ILoggingEvent> encoder, ShownSettings settings) {
      return new Masking(encoder instanceof Masking masking ? masking.encoder : encoder, settings);
    }

    @Override
    public byte[] headerBytes() {
      return encoder.headerBytes();
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
      Charset charset = charset();
      String line = new String(encoder.encode(event), charset);
      return settings.mask(line).getBytes(charset);
    }

    @Override
    public byte[] footerBytes() {
      return encoder.footerBytes();
    }

    private Charset charset() {
      return encoder instanceof LayoutWrappingEncoder<?> text
          ? Objects.requireNonNullElse(text.getCharset(), Charset.defaultCharset())
          : UTF_8;
    }
  }
}
