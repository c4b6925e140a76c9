package dev.outbox.idempotency.inbox;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A record does not say which event it is, so a repeat of it could not be recognised. The runner
 * stops in front of it: applying it could apply it twice, skipping it would lose it.
 */
public final class UnidentifiedEventException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String topic;
  private final int partition;
  private final long offset;

  UnidentifiedEventException(ConsumerRecord<?, ?> record, IllegalArgumentException reason) {
    super(
        ("The record %1$s-%2$d@%3$d cannot be told from a repeat: %4$s. Let its producer set the"
                + " headers 'id' (or 'ce_id') and 'ce_source' (for a producer that names no source:"
                + " sourceWhenMissing). To leave this record out, stop all consumers of the group"
                + " and run kafka-consumer-groups --group <group> --topic %1$s:%2$d --reset-offsets"
                + " --to-offset %5$d --execute. All records before it are applied and their"
                + " offsets committed.")
            .formatted(
                record.topic(),
                record.partition(),
                record.offset(),
                reason.getMessage(),
                record.offset() + 1),
        reason);
    this.topic = record.topic();
    this.partition = record.partition();
    this.offset = record.offset();
  }

  /** Whether it is this record that cannot be told from a repeat. */
  public boolean isOf(ConsumerRecord<?, ?> record) {
    return topic.equals(record.topic())
        && partition == record.partition()
        && offset == record.offset();
  }

  public String topic() {
    return topic;
  }

  public int partition() {
    return partition;
  }

  public long offset() {
    return offset;
  }
}
