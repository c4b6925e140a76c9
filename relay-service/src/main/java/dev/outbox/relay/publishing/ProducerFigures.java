package dev.outbox.relay.publishing;

import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;

/** What the producer counts itself. */
final class ProducerFigures {

  private ProducerFigures() {}

  /** Sends that it retried. */
  static double retries(Producer<?, ?> producer) {
    return producer.metrics().values().stream()
        .filter(metric -> metric.metricName().name().equals("record-retry-total"))
        .filter(metric -> metric.metricName().group().equals("producer-metrics"))
        .map(Metric::metricValue)
        .filter(Number.class::isInstance)
        .mapToDouble(value -> ((Number) value).doubleValue())
        .sum();
  }
}
