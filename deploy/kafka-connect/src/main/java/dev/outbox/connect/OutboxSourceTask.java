package dev.outbox.connect;

import dev.outbox.relay.Installation;
import dev.outbox.relay.Relay;
import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.InvalidSettingsException.Problem;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.metrics.RelayMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.connect.errors.ConnectException;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.source.SourceTask;
import org.apache.kafka.connect.source.TransactionContext;
import org.jspecify.annotations.Nullable;

/**
 * The relay of a shard in a task. It lives as it does in a process of its own, on its own threads,
 * and tries again by itself whatever fails but the worker's producer; the worker's threads take
 * records from it and tell what became of them.
 */
public final class OutboxSourceTask extends SourceTask {

  /** Workers look after each poll whether to pause or stop. */
  private static final Duration POLL_PATIENCE = Duration.ofMillis(200);

  private final Handoff handoff = new Handoff();
  private @Nullable Relay relay;
  private @Nullable TransactionContext transactions;

  /** For Connect. */
  public OutboxSourceTask() {}

  @Override
  public String version() {
    return OutboxSourceConnector.version(OutboxSourceTask.class);
  }

  @Override
  public void start(Map<String, String> task) {
    ConnectorSettings connector = new ConnectorSettings(task);
    RelaySettings settings = settings(connector);
    transactions = transactions(settings);
    ConnectOutlet outlet =
        new ConnectOutlet(handoff, context.offsetStorageReader(), connector.topicsAreMade());
    Relay started =
        new Relay(
            connector.ofTask(settings),
            new RelayMetrics(new SimpleMeterRegistry()),
            outlet,
            new Installation(settings, outlet));
    relay = started;
    started.start();
  }

  private static RelaySettings settings(ConnectorSettings connector) {
    try {
      RelaySettings settings = connector.relay();
      List<Problem> problems = connector.problemsWithConnect(settings.delivery());
      if (!problems.isEmpty()) {
        throw new ConnectException(
            problems.stream().map(Problem::toString).collect(Collectors.joining("; ")));
      }
      return settings;
    } catch (InvalidSettingsException e) {
      throw new ConnectException(e.getMessage(), e);
    }
  }

  private @Nullable TransactionContext transactions(RelaySettings settings) {
    if (settings.delivery() == Delivery.AT_LEAST_ONCE) {
      return null;
    }
    @Nullable TransactionContext found = context.transactionContext();
    if (found == null) {
      throw new ConnectException(
          "The worker gives no transactions, which outbox.relay.delivery=exactly-once needs."
              + " Remedy: set exactly.once.source.support=enabled for all workers.");
    }
    return found;
  }

  /** All that is ready; in a transaction of its own, where the relay's batches are transactions. */
  @Override
  public @Nullable List<SourceRecord> poll() throws InterruptedException {
    @Nullable List<SourceRecord> taken = handoff.take(POLL_PATIENCE);
    if (taken != null && transactions != null) {
      transactions.commitTransaction();
    }
    return taken;
  }

  /**
   * The record is on its topic, its transaction committed; or a transform has left it out, which is
   * the owner's will.
   */
  @Override
  public void commitRecord(SourceRecord record, @Nullable RecordMetadata metadata) {
    if (record instanceof HandedRecord handed) {
      handoff.decided(handed);
    }
  }

  /** Called when nothing is polled any more: confirms to the database what is on the topics. */
  @Override
  public void stop() {
    handoff.end();
    Relay running = relay;
    if (running == null) {
      return;
    }
    try {
      running.stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
