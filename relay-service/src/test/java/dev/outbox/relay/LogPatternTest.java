package dev.outbox.relay;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;
import org.springframework.beans.factory.config.YamlPropertiesFactoryBean;
import org.springframework.boot.logging.logback.ExtendedWhitespaceThrowableProxyConverter;
import org.springframework.core.io.ClassPathResource;

/** Values come from rows, and must not look like lines of the log's own. */
class LogPatternTest {

  @Test
  void aValueStaysOnItsLine() {
    LoggerContext context = new LoggerContext();
    var layout = new ch.qos.logback.classic.PatternLayout();
    layout.setContext(context);
    layout.getInstanceConverterMap().put("wEx", ExtendedWhitespaceThrowableProxyConverter::new);
    layout.setPattern(pattern());
    layout.start();
    Logger logger = context.getLogger("EventRouter");
    LoggingEvent event = new LoggingEvent("", logger, Level.WARN, "Parked an event", null, null);
    event.setKeyValuePairs(
        List.of(new KeyValuePair("key", "Order/1\r\n2026-01-01 ERROR \u001b[31mforged\u0085x")));
    String line = layout.doLayout(event);
    assertThat(line.strip().lines()).hasSize(1);
    assertThat(line).contains("Order/1", "forged").doesNotContain("\u001b", "\u0085", "\r");
  }

  private static String pattern() {
    YamlPropertiesFactoryBean yaml = new YamlPropertiesFactoryBean();
    yaml.setResources(new ClassPathResource("application.yaml"));
    return Objects.requireNonNull(yaml.getObject()).getProperty("logging.pattern.console");
  }
}
