package dev.outbox.connect;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.publishing.Outlet;
import dev.outbox.relay.publishing.PositionTopic;
import dev.outbox.relay.publishing.Publisher;
import dev.outbox.relay.publishing.RecordCheck;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.kafka.connect.storage.OffsetStorageReader;

/**
 * The worker that runs a task, as the way out for its events. Connect's offsets hold the position.
 *
 * @param handoff of the task; outlives the runs of the relay
 * @param offsets Connect's
 * @param topicsAreMade whether the worker makes topics that are missing
 */
record ConnectOutlet(Handoff handoff, OffsetStorageReader offsets, boolean topicsAreMade)
    implements Outlet {

  @Override
  public Publisher open(RelaySettings settings, BooleanSupplier givingUp) {
    RecordCheck check =
        RecordCheck.open(
            settings, () -> handoff.hasEnded() || givingUp.getAsBoolean(), topicsAreMade);
    handoff.onlyWhile(() -> isLeading(givingUp));
    Map<String, String> partition = SourceOffsets.partition(settings.relayName(), settings.shard());
    return settings.delivery() == Delivery.EXACTLY_ONCE
        ? new TransactionalConnectPublisher(check, handoff, partition, offsets, givingUp)
        : new ConnectPublisher(check, handoff, partition);
  }

  private static boolean isLeading(BooleanSupplier givingUp) {
    try {
      boolean unused = givingUp.getAsBoolean(); // a stop that was asked for is no reason
      return true;
    } catch (RelayException e) { // the run ends by itself, or the database answers again
      return false;
    }
  }

  @Override
  public Optional<PositionTopic> positionTopic(RelaySettings settings) {
    return Optional.empty();
  }
}
