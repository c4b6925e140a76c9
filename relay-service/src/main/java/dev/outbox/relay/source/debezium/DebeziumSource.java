package dev.outbox.relay.source.debezium;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.source.EventMessages;
import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceFailures;
import dev.outbox.relay.source.SourceHandler;
import dev.outbox.relay.source.SourceHandler.Confirmation;
import dev.outbox.relay.source.SourceItem;
import io.debezium.embedded.Connect;
import io.debezium.engine.ChangeEvent;
import io.debezium.engine.DebeziumEngine;
import io.debezium.engine.DebeziumEngine.Offsets;
import io.debezium.engine.DebeziumEngine.RecordCommitter;
import io.debezium.engine.StopEngineException;
import io.debezium.engine.spi.OffsetCommitPolicy;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.connect.source.SourceRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the outbox with embedded Debezium, in Connect format and without transforms.
 *
 * <p>The replication slot is the only position: offsets live in memory, each run has an engine and
 * a store of its own, and the confirmed LSN is always the end of a commit, which keeps positions
 * the same when events are read again.
 */
public final class DebeziumSource implements OutboxSource {

  private static final Logger LOG = LoggerFactory.getLogger(DebeziumSource.class);

  private static final String NAME = "Debezium";

  /** Debezium itself waits up to three minutes for a task that does not start. */
  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(30);

  private static final Duration CLOSE_ATTEMPT_PAUSE = Duration.ofMillis(100);

  /** So many at once are part of a backlog; of what comes steadily there are fewer. */
  private static final int MANY = 1000;

  /** Debezium's key for the end of the last commit; what it flushes to the slot. */
  private static final String COMMIT_LSN = "lsn_commit";

  private final RelaySettings settings;
  private final RecordDecoder decoder;
  private final AtomicReference<@Nullable Throwable> handlerFailure = new AtomicReference<>();
  private final AtomicReference<@Nullable Throwable> engineFailure = new AtomicReference<>();
  private final AtomicReference<@Nullable DebeziumEngine<?>> engine = new AtomicReference<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean closed;

  /**
   * @param start where the slot stands; positions are counted from there
   */
  public DebeziumSource(RelaySettings settings, SlotStart start) {
    this.settings = settings;
    this.decoder =
        new RecordDecoder(
            EngineSettings.tickTopic(settings),
            new LogItems(start, new EventMessages(settings.tableName(), settings.shard())));
  }

  @Override
  public void run(SourceHandler handler) {
    DebeziumEngine<?> running = build(handler);
    engine.set(running);
    try {
      if (!closed) {
        running.run();
      }
    } finally {
      finished.countDown();
      closeQuietly(running);
    }
    rethrow();
  }

  private DebeziumEngine<?> build(SourceHandler handler) {
    try {
      return DebeziumEngine.create(Connect.class)
          .using(EngineSettings.of(settings))
          .using(OffsetCommitPolicy.always())
          .using((success, message, error) -> engineFailure.set(error))
          .notifying((records, committer) -> handleBatch(records, committer, handler))
          .build();
    } catch (RuntimeException e) {
      throw SourceFailures.explain(NAME, e, settings);
    }
  }

  private static void closeQuietly(DebeziumEngine<?> engine) {
    try {
      engine.close();
    } catch (IOException | IllegalStateException e) {
      // Debezium refuses to close what is starting, stopping or stopped.
      LOG.atDebug().setCause(e).log("Engine cannot be closed in its present state");
    }
  }

  private void rethrow() {
    Throwable failure = handlerFailure.get();
    if (failure instanceof Error e) {
      throw e;
    }
    Throwable engineProblem = engineFailure.get();
    if (closed) {
      // Closing interrupts what the handler is in the midst of, and Debezium itself.
      LOG.atDebug().setCause(failure == null ? engineProblem : failure).log("Closed");
      return;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof InterruptedException) {
      throw new IllegalStateException("the engine thread was interrupted", failure);
    }
    if (engineProblem != null) {
      throw SourceFailures.explain(NAME, engineProblem, settings);
    }
  }

  /**
   * Nothing may escape but the exception that ends the engine quietly: a retriable one would have
   * Debezium drop the rest of the batch and go on behind it.
   */
  private void handleBatch(
      List<ChangeEvent<SourceRecord, SourceRecord>> records,
      RecordCommitter<ChangeEvent<SourceRecord, SourceRecord>> committer,
      SourceHandler handler) {
    boolean goOn;
    try {
      Confirmation confirmation = lsn -> confirm(lsn, records.get(0), committer);
      Iterable<SourceItem> items =
          () -> records.stream().map(record -> decoder.decode(record.value())).iterator();
      goOn = handler.handle(items, records.size() >= MANY, confirmation);
    } catch (Throwable e) { // whatever it is, run() throws it on
      handlerFailure.compareAndSet(null, e);
      goOn = false;
    }
    if (!goOn || closed) {
      throw new StopEngineException("the handler ends the run");
    }
  }

  private static void confirm(
      long lsn,
      ChangeEvent<SourceRecord, SourceRecord> any,
      RecordCommitter<ChangeEvent<SourceRecord, SourceRecord>> committer)
      throws InterruptedException {
    Offsets offsets = committer.buildOffsets();
    offsets.set(COMMIT_LSN, lsn);
    committer.markProcessed(any, offsets);
    committer.markBatchFinished();
  }

  /** Debezium refuses to close in some states, so this asks until the run is over. */
  @Override
  public void close() {
    closed = true;
    boolean interrupted = false;
    long deadline = System.nanoTime() + CLOSE_WITHIN.toNanos();
    DebeziumEngine<?> running = engine.get();
    while (running != null && finished.getCount() > 0 && System.nanoTime() < deadline) {
      closeQuietly(running);
      try {
        if (finished.await(CLOSE_ATTEMPT_PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
        break;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
