package dev.outbox.connect;

import dev.outbox.relay.event.SourcePosition;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.Config;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.ConnectorTransactionBoundaries;
import org.apache.kafka.connect.source.ExactlyOnceSupport;
import org.apache.kafka.connect.source.SourceConnector;
import org.jspecify.annotations.Nullable;

/**
 * Relays an outbox table to Kafka from within Kafka Connect. Settings are the relay's, {@code
 * outbox.relay.*}; deploy/kafka-connect/README.md has an example.
 *
 * <p>Connect calls the methods, on threads of its own.
 */
public final class OutboxSourceConnector extends SourceConnector {

  private Map<String, String> settings = Map.of();

  /** For Connect. */
  public OutboxSourceConnector() {}

  @Override
  public String version() {
    return version(OutboxSourceConnector.class);
  }

  static String version(Class<?> type) {
    @Nullable String version = type.getPackage().getImplementationVersion();
    return version == null ? "unknown" : version;
  }

  @Override
  public void start(Map<String, String> connector) {
    settings = Map.copyOf(connector);
  }

  @Override
  public Class<? extends Task> taskClass() {
    return OutboxSourceTask.class;
  }

  /** One for each shard, which the worker's settings allow, or {@link #validate} would say. */
  @Override
  public List<Map<String, String>> taskConfigs(int maxTasks) {
    return new ConnectorSettings(settings).taskConfigs();
  }

  @Override
  public void stop() {}

  @Override
  public ConfigDef config() {
    return DocumentedSettings.definition();
  }

  /** Looks at the database and the brokers that the settings name. */
  @Override
  public Config validate(Map<String, String> connector) {
    return Validation.validate(connector, super.validate(connector));
  }

  @Override
  public ExactlyOnceSupport exactlyOnceSupport(Map<String, String> connector) {
    return isExactlyOnce(connector) ? ExactlyOnceSupport.SUPPORTED : ExactlyOnceSupport.UNSUPPORTED;
  }

  @Override
  public ConnectorTransactionBoundaries canDefineTransactionBoundaries(
      Map<String, String> connector) {
    return isExactlyOnce(connector)
        ? ConnectorTransactionBoundaries.SUPPORTED
        : ConnectorTransactionBoundaries.UNSUPPORTED;
  }

  private static boolean isExactlyOnce(Map<String, String> connector) {
    return "exactly-once".equals(connector.get(ConnectorSettings.PREFIX + "delivery"));
  }

  /**
   * Offsets may be taken away, and the slot rules; or set to a position. What the slot has
   * confirmed does not come back by either.
   */
  @Override
  public boolean alterOffsets(
      Map<String, String> connector, Map<Map<String, ?>, Map<String, ?>> offsets) {
    offsets.forEach(
        (partition, offset) -> {
          if (!partition.containsKey(SourceOffsets.RELAY)
              || !partition.containsKey(SourceOffsets.SHARD)) {
            throw new ConnectException("Not a partition of this connector: " + partition);
          }
          if (offset != null) {
            requirePosition(offset);
          }
        });
    return true;
  }

  private static void requirePosition(Map<String, ?> offset) {
    try {
      SourcePosition unused =
          SourcePosition.parse(String.valueOf(offset.get(SourceOffsets.POSITION)));
    } catch (IllegalArgumentException e) {
      throw new ConnectException("Not an offset of this connector: " + offset, e);
    }
  }
}
