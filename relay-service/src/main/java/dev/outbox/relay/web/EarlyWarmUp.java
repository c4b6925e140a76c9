package dev.outbox.relay.web;

import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.log.MaskedLog;
import dev.outbox.relay.publishing.KafkaWarmUp;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.env.Environment;

/**
 * Loads Kafka's clients on another core while Spring starts, as soon as there are settings. Loading
 * is half of the way to the first event, and half of a takeover.
 */
public final class EarlyWarmUp implements ApplicationListener<ApplicationEnvironmentPreparedEvent> {

  private static final Logger LOG = LoggerFactory.getLogger(EarlyWarmUp.class);

  /** Called by Spring Boot; returns at once. */
  @Override
  public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
    Thread thread = new Thread(() -> warmUp(event.getEnvironment()), "outbox-relay-warm-up");
    thread.setDaemon(true);
    thread.start();
  }

  private static void warmUp(Environment environment) {
    try {
      RelaySettings settings = SettingsLoader.load(environment);
      MaskedLog.keepOut(new ShownSettings(settings));
      KafkaWarmUp.run(settings);
    } catch (InvalidSettingsException e) {
      LOG.atDebug().setCause(e).log("Left to the application itself, which reports it");
    }
  }
}
