package dev.outbox.connect;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.publishing.RecordCheck;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.kafka.connect.storage.OffsetStorageReader;
import org.jspecify.annotations.Nullable;

/**
 * A batch is a transaction of the worker's, which holds its events and the position of the last as
 * their offset. The worker gets a batch when the relay commits it, and not before: an open
 * transaction cannot be taken back from a worker, while a run of the relay may end at any time.
 *
 * <p>What became of a batch that is with the worker is waited for before anything else is done, and
 * before its offset is read.
 */
final class TransactionalConnectPublisher extends ConnectPublisher {

  /** For one look around while the worker commits. */
  private static final Duration LOOK_AROUND = Duration.ofMillis(100);

  private final Handoff handoff;
  private final OffsetStorageReader offsets;
  private final BooleanSupplier givingUp;
  private @Nullable SourcePosition committed;
  private volatile boolean closed;

  TransactionalConnectPublisher(
      RecordCheck check,
      Handoff handoff,
      Map<String, String> partition,
      OffsetStorageReader offsets,
      BooleanSupplier givingUp) {
    super(check, handoff, partition);
    this.handoff = handoff;
    this.offsets = offsets;
    this.givingUp = givingUp;
  }

  @Override
  public Optional<SourcePosition> begin() {
    while (!isDecided()) {
      if (handoff.hasEnded() || givingUp.getAsBoolean()) {
        throw new RelayException(
            Stage.PUBLISHING,
            "Stopped while the worker had not said what became of a transaction.",
            "None needed: the next run reads the position from Connect's offsets.");
      }
    }
    Optional<SourcePosition> found = SourceOffsets.published(offsets.offset(partition));
    committed = found.orElse(null);
    return found;
  }

  private boolean isDecided() {
    try {
      return handoff.awaitDecided(LOOK_AROUND);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RelayException(
          Stage.PUBLISHING, "Interrupted while waiting for the worker.", "None needed.", e);
    }
  }

  @Override
  boolean hand(List<Kept> due, SourcePosition last) {
    SourcePosition position = later(last);
    Map<String, String> offset =
        SourceOffsets.offset(position.asText(), RelaySettings.Delivery.EXACTLY_ONCE);
    handoff.addAll(due.stream().map(one -> one.toHand(partition, offset)).toList());
    while (!isDecided()) {
      if (handoff.hasEnded()) {
        return false;
      }
      if (closed) {
        throw new RelayException(
            Stage.PUBLISHING,
            "The run ended while the worker committed.",
            "None needed: the next run waits for the outcome.");
      }
      boolean unused = givingUp.getAsBoolean(); // throws when another instance leads
    }
    committed = position;
    return true;
  }

  /** A command that is carried out again stands before what came after it the first time. */
  private SourcePosition later(SourcePosition through) {
    SourcePosition before = committed;
    return before == null || before.compareTo(through) < 0 ? through : before;
  }

  @Override
  public void close() {
    closed = true;
    super.close();
  }
}
