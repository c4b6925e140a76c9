package dev.outbox.relay.web;

import dev.outbox.relay.DivisionWatch;
import dev.outbox.relay.ShardedRelay;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.log.MaskedLog;
import dev.outbox.relay.web.console.ConsoleConfiguration;
import io.micrometer.core.instrument.MeterRegistry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.DependsOn;
import org.springframework.context.annotation.Import;
import org.springframework.core.env.Environment;

/**
 * The relay as a Spring Boot application: settings from the environment, health, metrics, console.
 */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(ConsoleConfiguration.class)
public class RelayServer {

  @Bean
  RelaySettings relaySettings(Environment environment) {
    RelaySettings settings = SettingsLoader.load(environment);
    MaskedLog.keepOut(new ShownSettings(settings));
    return settings;
  }

  /**
   * Starts at once, while the rest of the application still comes up: half of the way to the first
   * event is loading classes, and the other core has nothing to do.
   */
  @Bean(initMethod = "start", destroyMethod = "stop")
  @DependsOn(ConsoleConfiguration.LISTENER)
  ShardedRelay relay(RelaySettings settings, MeterRegistry registry) {
    return new ShardedRelay(settings, registry);
  }

  @Bean
  SmartLifecycle relayLifecycle(ShardedRelay relay) {
    return new RelayLifecycle(relay);
  }

  @Bean(initMethod = "start", destroyMethod = "close")
  DivisionWatch divisionWatch(RelaySettings settings, ApplicationContext context) {
    return new DivisionWatch(
        settings, shards -> context.publishEvent(new DivisionChanged(context, shards)));
  }

  @Bean
  HealthIndicator relayHealthIndicator(ShardedRelay relay) {
    return new RelayHealth(relay);
  }

  /** Drains the relay before the rest goes down; it has been started when it was made. */
  private static final class RelayLifecycle implements SmartLifecycle {
    private static final Logger LOG = LoggerFactory.getLogger(RelayLifecycle.class);

    private final ShardedRelay relay;
    private volatile boolean running;

    RelayLifecycle(ShardedRelay relay) {
      this.relay = relay;
    }

    @Override
    public void start() {
      running = true;
    }

    @Override
    public void stop() {
      try {
        relay.stop();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        LOG.atWarn().log("Interrupted while stopping; unconfirmed events are published again");
      } finally {
        running = false;
      }
    }

    @Override
    public boolean isRunning() {
      return running;
    }
  }
}
