package dev.outbox.idempotency.inbox;

/**
 * The high-water mark of a partition cannot tell whether what comes now was seen before. Applying
 * it could apply it twice, passing it by could lose it; the message says what must be decided.
 */
public final class PositionRefusedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private PositionRefusedException(String message) {
    super(message);
  }

  static PositionRefusedException newEpoch(
      String consumer, RecordPosition record, OutboxPosition mark) {
    return new PositionRefusedException(
        ("On %1$s-%2$d the positions of '%3$s' begin a new epoch (%4$s, the mark of consumer '%5$s'"
                + " is %6$s), and this event's place in the log is not beyond the mark's. If the"
                + " database was promoted from a replica it is a repeat: start with"
                + " NewEpoch.SAME_LOG. If the slot was made anew or the database restored or"
                + " replaced it is new: start with NewEpoch.NEW_LOG. Once the consumer has caught"
                + " up, go back to NewEpoch.REFUSE.")
            .formatted(
                record.topic(),
                record.partition(),
                record.source(),
                record.position(),
                consumer,
                mark.asText()));
  }

  static PositionRefusedException partitionsChanged(
      String consumer, String topic, int before, int now, String table) {
    return new PositionRefusedException(
        ("The topic %1$s has %2$d partitions, and had %3$d when consumer '%4$s' wrote its marks."
                + " Events of a key may stand on another partition now, whose mark does not know"
                + " them. If the relay had nothing left to publish again and this consumer no lag"
                + " when the partitions were added, run: update %5$s set partitions = %2$d where"
                + " consumer = '%6$s' and topic = '%1$s'. If not, deduplicate by event id until"
                + " nothing from before can come again.")
            .formatted(topic, now, before, consumer, table, consumer.replace("'", "''")));
  }
}
