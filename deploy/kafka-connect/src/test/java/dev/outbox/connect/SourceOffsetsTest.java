package dev.outbox.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.config.Shard;
import dev.outbox.relay.event.SourcePosition;
import java.util.Map;
import org.apache.kafka.connect.errors.ConnectException;
import org.junit.jupiter.api.Test;

/** What is believed of Connect's offsets. */
class SourceOffsetsTest {

  private static final SourcePosition POSITION = new SourcePosition(7, 4711, 3);

  @Test
  void onlyAnOffsetOfTheEventsOwnTransactionTellsWhatIsPublished() {
    assertThat(
            SourceOffsets.published(SourceOffsets.offset(POSITION.asText(), Delivery.EXACTLY_ONCE)))
        .contains(POSITION);
    assertThat(
            SourceOffsets.published(
                SourceOffsets.offset(POSITION.asText(), Delivery.AT_LEAST_ONCE)))
        .isEmpty();
    assertThat(SourceOffsets.published(null)).isEmpty();
  }

  /** Else a worker would not find what another one has written, depending on their JVMs. */
  @Test
  void aPartitionIsTheSameTextInEveryWorker() {
    assertThat(SourceOffsets.partition("orders", Shard.WHOLE))
        .hasToString("{relay=orders, shard=1of1}");
  }

  @Test
  void onlyPositionsAreTakenOverRest() {
    OutboxSourceConnector connector = new OutboxSourceConnector();
    Map<String, String> partition = SourceOffsets.partition("orders", Shard.WHOLE);
    Map<String, String> offset = SourceOffsets.offset(POSITION.asText(), Delivery.EXACTLY_ONCE);
    assertThat(connector.alterOffsets(Map.of(), Map.of(partition, offset))).isTrue();
    assertThatThrownBy(
            () -> connector.alterOffsets(Map.of(), Map.of(partition, Map.of("position", "12"))))
        .isInstanceOf(ConnectException.class);
    assertThatThrownBy(() -> connector.alterOffsets(Map.of(), Map.of(Map.of("file", "x"), offset)))
        .isInstanceOf(ConnectException.class);
  }
}
