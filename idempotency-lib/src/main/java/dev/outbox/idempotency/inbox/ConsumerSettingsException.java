package dev.outbox.idempotency.inbox;

import java.util.List;

/** Kafka consumer settings contradict what the inbox promises; each is named with its remedy. */
public final class ConsumerSettingsException extends IllegalArgumentException {

  private static final long serialVersionUID = 1L;

  ConsumerSettingsException(List<String> contradictions) {
    super(
        "The inbox cannot work with these consumer settings. " + String.join(". ", contradictions));
  }
}
