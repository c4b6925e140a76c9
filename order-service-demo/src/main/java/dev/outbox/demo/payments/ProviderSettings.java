package dev.outbox.demo.payments;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The simulated provider.
 *
 * @param behaviour for requests that do not ask for another
 * @param timeout how long the order service waits for its answer
 * @param slowFor how long a slow answer takes; less than the timeout
 * @param lateBy by how much a late answer misses the timeout
 * @param callbacks whether it reports the outcome by itself
 */
@ConfigurationProperties("demo.provider")
record ProviderSettings(
    @DefaultValue("prompt") Behaviour behaviour,
    @DefaultValue("2s") Duration timeout,
    @DefaultValue("1s") Duration slowFor,
    @DefaultValue("1s") Duration lateBy,
    @DefaultValue("true") boolean callbacks) {

  ProviderSettings {
    if (slowFor.compareTo(timeout) >= 0) {
      throw new IllegalArgumentException(
          "demo.provider.slow-for=%s is not less than demo.provider.timeout=%s; give a shorter one"
              .formatted(slowFor, timeout));
    }
  }
}
