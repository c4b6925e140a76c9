package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Uses Kafka's clients once, so that they are loaded when they are needed. Nothing is written,
 * nobody is fenced off.
 */
public final class KafkaWarmUp {

  private static final Logger LOG = LoggerFactory.getLogger(KafkaWarmUp.class);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private KafkaWarmUp() {}

  /** Blocks while brokers are asked; a failure is none yet. Any thread. */
  public static void run(RelaySettings settings) {
    Map<String, Object> config = ProducerSettings.of(settings);
    try (Admin admin = Admin.create(ProducerSettings.forAdmin(config, PATIENCE));
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config)) {
      var unused = admin.describeCluster().nodes().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      producer.close(Duration.ZERO);
    } catch (ExecutionException | TimeoutException | KafkaException e) {
      // Whoever leads without brokers says so; this instance does not lead.
      LOG.atDebug().setCause(e).log("Kafka cannot be reached yet");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
