package dev.outbox.connect;

import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.publishing.Delivery;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import dev.outbox.relay.publishing.Publisher;
import dev.outbox.relay.publishing.RecordCheck;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.RoutedRecord.Header;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Hands records to the worker's producer at least once: the slot's position rules, and what stands
 * in Connect's offsets only shows how far the connector is. The worker gets what the relay has read
 * at once as a whole, which ends with a transaction unless there is a backlog: one that is cut by
 * the worker's stop would be repeated from its beginning.
 *
 * <p>A record that the worker's producer refuses ends the task, so what can be known is looked at
 * before. The worker's order to stop is the end of everything: nothing is handed over any more.
 */
class ConnectPublisher implements Publisher {

  private static final String POSITION = "outbox-position";

  private final RecordCheck check;
  private final Handoff handoff;
  private final Map<String, String> partition;
  private final List<HandedRecord> batch = new ArrayList<>();
  private boolean endAccepted;

  ConnectPublisher(RecordCheck check, Handoff handoff, Map<String, String> partition) {
    this.check = check;
    this.handoff = handoff;
    this.partition = partition;
  }

  @Override
  public Optional<SourcePosition> begin() {
    return Optional.empty();
  }

  @Override
  public final Handover publish(RoutedRecord record, Delivery delivery) {
    if (handoff.hasEnded()) {
      return new Handover.GivenUp();
    }
    @Nullable Handover hindrance = check.hindrance(record);
    if (hindrance != null) {
      return hindrance;
    }
    hand(record, delivery);
    return new Handover.Taken();
  }

  void hand(RoutedRecord record, Delivery delivery) {
    batch.add(
        new HandedRecord(
            partition,
            SourceOffsets.offset(
                position(record), dev.outbox.relay.config.RelaySettings.Delivery.AT_LEAST_ONCE),
            record,
            delivery));
  }

  private static String position(RoutedRecord record) {
    for (Header header : record.headers()) {
      if (header.name().equals(POSITION)) {
        return new String(header.value(), StandardCharsets.US_ASCII);
      }
    }
    throw new IllegalArgumentException("a record without a position");
  }

  @Override
  public boolean commit(SourcePosition through) {
    if (isBroken()) {
      return false;
    }
    handoff.addAll(batch);
    batch.clear();
    return true;
  }

  /** What the worker has not taken when it stops never will be. */
  @Override
  public final boolean isBroken() {
    return handoff.hasEnded() && !endAccepted;
  }

  @Override
  public void restore() {
    handoff.withdraw();
    batch.forEach(record -> record.delivery().failed(new NotSent()));
    batch.clear();
    endAccepted = true;
  }

  @Override
  public void stalled(String topic) {
    if (check.isGone(topic)) {
      throw new RelayException(
          Stage.PUBLISHING,
          "Topic '%s' was deleted while events were under way to it.".formatted(topic),
          "Create it again; or restart the task, and the relay sets its events aside.");
    }
  }

  /** Connect's own metrics tell of its producer. */
  @Override
  public final double retries() {
    return 0;
  }

  @Override
  public void close() {
    handoff.withdraw();
    check.close();
  }
}
