package dev.outbox.idempotency.inbox;

/**
 * What makes two deliveries the same event: its id, unique within its source.
 *
 * @param source who published the event, the CloudEvents {@code source}; at most 1024 bytes in
 *     UTF-8
 * @param id the event's id, stable over every redelivery; at most 1024 bytes in UTF-8
 * @throws IllegalArgumentException when either is blank, too long, or not text that PostgreSQL can
 *     store
 */
public record EventKey(String source, String id) {

  public EventKey {
    MarkerText.check("source", source, MarkerText.LONGEST_SOURCE);
    MarkerText.check("id", id, MarkerText.LONGEST_ID);
  }

  /**
   * The key of a record by its place, for publishers that give no id: it recognises what Kafka
   * delivers again, and not what the publisher sends again.
   */
  public static EventKey atOffset(String topic, int partition, long offset) {
    return new EventKey("kafka:" + topic, partition + "@" + offset);
  }
}
