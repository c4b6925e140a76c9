package dev.outbox.connect;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.publishing.Delivery;
import dev.outbox.relay.publishing.Handover;
import dev.outbox.relay.publishing.PublishFailure;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import dev.outbox.relay.publishing.Publisher;
import dev.outbox.relay.publishing.RecordCheck;
import dev.outbox.relay.routing.RoutedRecord;
import dev.outbox.relay.routing.RoutedRecord.Header;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Hands records to the worker's producer at least once: the slot's position rules, and what stands
 * in Connect's offsets only shows how far the connector is.
 *
 * <p>The worker may stop behind anything that it has, and asks for nothing more then. So it gets
 * whole transactions of the database, or whoever goes on would repeat the one that was cut; but for
 * one that is larger than all that may wait.
 *
 * <p>A record that the worker's producer refuses ends the task, so what can be known is looked at
 * before. The worker's order to stop is the end of everything: nothing is handed over any more.
 */
class ConnectPublisher implements Publisher {

  private static final String POSITION = "outbox-position";

  private final RecordCheck check;
  private final Handoff handoff;
  private final List<Kept> kept = new ArrayList<>();
  private final AtomicInteger unacknowledged = new AtomicInteger();
  final Map<String, String> partition;

  ConnectPublisher(RecordCheck check, Handoff handoff, Map<String, String> partition) {
    this.check = check;
    this.handoff = handoff;
    this.partition = partition;
  }

  /** What the worker has not got yet. */
  record Kept(SourcePosition position, RoutedRecord record, Delivery delivery) {

    HandedRecord toHand(Map<String, String> partition, Map<String, String> offset) {
      return new HandedRecord(partition, offset, record, delivery);
    }
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
    unacknowledged.incrementAndGet();
    kept.add(new Kept(position(record), record, counted(delivery)));
    return new Handover.Taken();
  }

  private static SourcePosition position(RoutedRecord record) {
    for (Header header : record.headers()) {
      if (header.name().equals(POSITION)) {
        return SourcePosition.parse(new String(header.value(), StandardCharsets.US_ASCII));
      }
    }
    throw new IllegalArgumentException("a record without a position");
  }

  private Delivery counted(Delivery delivery) {
    return new Delivery() {
      @Override
      public void acknowledged() {
        unacknowledged.decrementAndGet();
        delivery.acknowledged();
      }

      @Override
      public void failed(PublishFailure failure) {
        delivery.failed(failure);
      }
    };
  }

  @Override
  public final boolean commit(SourcePosition through, boolean underWay) {
    if (isBroken()) {
      return false;
    }
    int whole = underWay ? beforeLastTransaction() : kept.size();
    if (whole == 0) {
      return true;
    }
    SourcePosition last = whole == kept.size() ? through : greatest(kept.subList(0, whole));
    List<Kept> due = List.copyOf(kept.subList(0, whole));
    kept.subList(0, whole).clear();
    return hand(due, last);
  }

  private int beforeLastTransaction() {
    int index = kept.size();
    while (index > 0 && isOfLastTransaction(kept.get(index - 1))) {
      index--;
    }
    return index;
  }

  private boolean isOfLastTransaction(Kept one) {
    SourcePosition last = kept.get(kept.size() - 1).position();
    return one.position().epoch() == last.epoch()
        && one.position().transaction() == last.transaction();
  }

  /** Not always the last one's: a parked event that is let go has the position it had. */
  private static SourcePosition greatest(List<Kept> some) {
    return some.stream().map(Kept::position).max(Comparator.naturalOrder()).orElseThrow();
  }

  /**
   * Gives the worker whole transactions.
   *
   * @param last position up to which everything is on the topics then
   * @return false when the worker stops without having said what became of them
   */
  boolean hand(List<Kept> due, SourcePosition last) {
    handoff.addAll(
        due.stream()
            .map(
                one ->
                    one.toHand(
                        partition,
                        SourceOffsets.offset(
                            one.position().asText(), RelaySettings.Delivery.AT_LEAST_ONCE)))
            .toList());
    return true;
  }

  @Override
  public final boolean keepsAllBack() {
    return !kept.isEmpty() && kept.size() == unacknowledged.get();
  }

  /** What the worker has not taken when it stops never will be. */
  @Override
  public final boolean isBroken() {
    return handoff.hasEnded() && unacknowledged.get() > 0;
  }

  @Override
  public final void restore() {
    handoff.withdraw();
    kept.forEach(one -> one.delivery().failed(new NotSent()));
    kept.clear();
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
