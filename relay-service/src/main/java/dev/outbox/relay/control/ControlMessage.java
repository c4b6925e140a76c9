package dev.outbox.relay.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonSubTypes.Type;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.outbox.relay.event.SourcePosition;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A command to the relay. It travels as a logical message of the source database, so it is ordered,
 * durable and repeatable like an event: carrying it out again after a crash does the same again.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "command")
@JsonSubTypes({
  @Type(value = ControlMessage.Release.class, name = "release"),
  @Type(value = ControlMessage.Discard.class, name = "discard"),
  @Type(value = ControlMessage.Replay.class, name = "replay"),
  @Type(value = ControlMessage.Divide.class, name = "divide"),
})
public sealed interface ControlMessage {

  /**
   * Publishes a key's parked events in order and then lets the key flow.
   *
   * @param aggregateType the key's aggregate type
   * @param aggregateId the aggregate's ID
   * @param by who asked for it; null when that is not known
   * @param reason why, in the operator's words; null when none was given
   */
  record Release(
      String aggregateType, String aggregateId, @Nullable String by, @Nullable String reason)
      implements ControlMessage {

    public Release {
      Objects.requireNonNull(aggregateType, "aggregateType");
      Objects.requireNonNull(aggregateId, "aggregateId");
    }

    /** Nobody is named. */
    public Release(String aggregateType, String aggregateId) {
      this(aggregateType, aggregateId, null, null);
    }
  }

  /**
   * Gives a parked event up.
   *
   * @param position where the event stood in the log, {@code outbox-position} as text
   * @param reason why, in the operator's words
   * @param by who asked for it; null when that is not known
   */
  record Discard(String position, String reason, @Nullable String by) implements ControlMessage {

    public Discard {
      Objects.requireNonNull(position, "position");
      Objects.requireNonNull(reason, "reason");
    }

    /** Nobody is named. */
    public Discard(String position, String reason) {
      this(position, reason, null);
    }
  }

  /**
   * Publishes rows of the outbox table once more, in the order of their numbers. A row's place
   * behind the message is its distance from the first number, so it keeps its place when the
   * message is carried out again, also when other rows have been removed since.
   *
   * @param selection which rows
   * @param topic where they go; null is the topic that each belongs to
   * @param firstSeq number of the first row; rows before it are not meant
   * @param throughSeq number of the last one; every transaction that wrote a row up to it has ended
   *     before this message
   * @param by who asked for it; null when that is not known
   * @param reason why, in the operator's words; null when none was given
   */
  record Replay(
      Selection selection,
      @Nullable String topic,
      long firstSeq,
      long throughSeq,
      @Nullable String by,
      @Nullable String reason)
      implements ControlMessage {

    /** Nobody is named. */
    public Replay(Selection selection, @Nullable String topic, long firstSeq, long throughSeq) {
      this(selection, topic, firstSeq, throughSeq, null, null);
    }

    public Replay {
      Objects.requireNonNull(selection, "selection");
      if (firstSeq > throughSeq || throughSeq - firstSeq >= SourcePosition.CONTROL_SPAN) {
        throw new IllegalArgumentException(
            "a replay spans 1 to %d numbers, not those from %d to %d"
                .formatted(SourcePosition.CONTROL_SPAN, firstSeq, throughSeq));
      }
    }
  }

  /**
   * Marks where the outbox is divided otherwise: a shard that ends at this marker publishes nothing
   * behind it, and one that begins behind it nothing before. Any other shard passes it by, and a
   * marker that is written again means the first of its kind.
   *
   * @param marker tells markers of different changes apart
   */
  record Divide(String marker) implements ControlMessage {

    public Divide {
      Objects.requireNonNull(marker, "marker");
    }
  }

  /**
   * Rows of the outbox table that fulfil all of the conditions.
   *
   * @param ids event IDs; empty is any
   * @param aggregateType null is any
   * @param aggregateId null is any
   * @param from {@code created_at} is this or later; null is any
   * @param to {@code created_at} is earlier than this; null is any
   */
  record Selection(
      List<UUID> ids,
      @Nullable String aggregateType,
      @Nullable String aggregateId,
      @Nullable Instant from,
      @Nullable Instant to) {

    public Selection {
      ids = List.copyOf(ids);
    }
  }
}
