package dev.outbox.relay.source.pgoutput;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.source.EventMessages;
import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.OutboxSource;
import dev.outbox.relay.source.SlotStart;
import dev.outbox.relay.source.SourceFailures;
import dev.outbox.relay.source.SourceHandler;
import dev.outbox.relay.source.SourceItem;
import java.nio.ByteBuffer;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the outbox from pgjdbc's replication stream. The thread that runs it reads, decodes and
 * calls the handler; while the handler holds it up nothing is read, and PostgreSQL waits.
 *
 * <p>The replication slot is the only position, and is only ever confirmed where the handler says.
 */
public final class PgOutputSource implements OutboxSource {

  private static final Logger LOG = LoggerFactory.getLogger(PgOutputSource.class);

  private static final String NAME = "pgoutput";

  /** Waiting for a message takes longer than taking one that is there. */
  private static final long WAITED_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  /** Each batch is a Kafka transaction, whose commit takes some milliseconds itself. */
  private static final Batching EXACTLY_ONCE =
      new Batching(8192, 8 * 1024 * 1024, TimeUnit.MILLISECONDS.toNanos(20));

  /**
   * Records are on their way as soon as they are handed over, so larger ones would only be held.
   */
  private static final Batching AT_LEAST_ONCE = new Batching(1024, 1024 * 1024, 0);

  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(30);

  /** How long a run has to end by itself before its thread is interrupted and its socket cut. */
  private static final Duration CLOSE_GENTLY = Duration.ofSeconds(1);

  private final RelaySettings settings;
  private final Batching batching;
  private final LogItems items;
  private final PgOutputDecoder decoder;
  private final AtomicReference<@Nullable Thread> engineThread = new AtomicReference<>();
  private final AtomicReference<@Nullable ReplicationStream> opened = new AtomicReference<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean closed;
  private boolean over;
  private @Nullable Exception unreadable;

  /**
   * How much is handed on at once.
   *
   * @param items most of them
   * @param bytes of messages from when on it is enough
   * @param gatherNanos how long more is waited for that need not come
   */
  private record Batching(int items, int bytes, long gatherNanos) {}

  /**
   * @param start where the slot stands; positions are counted from there
   */
  public PgOutputSource(RelaySettings settings, SlotStart start) {
    this.settings = settings;
    this.batching = settings.delivery() == Delivery.EXACTLY_ONCE ? EXACTLY_ONCE : AT_LEAST_ONCE;
    this.items = new LogItems(start, new EventMessages(settings.tableName()));
    this.decoder = new PgOutputDecoder(settings.tableName(), items);
  }

  @Override
  public void run(SourceHandler handler) {
    engineThread.set(Thread.currentThread());
    try {
      if (!closed) {
        stream(handler);
      }
    } catch (SQLException | InterruptedException | RuntimeException e) {
      rethrow(e);
    } finally {
      end();
    }
  }

  private synchronized void end() {
    over = true;
    finished.countDown();
    if (closed) {
      Thread.interrupted(); // by close; whoever called run is not to hear of it
    }
  }

  /** Not when the run is over: its thread does other things by then. */
  private synchronized void interrupt(Thread running) {
    if (!over) {
      running.interrupt();
    }
  }

  private void rethrow(Exception failure) {
    if (closed) {
      LOG.atDebug().setCause(failure).log("Closed");
      return;
    }
    if (failure instanceof SQLException) {
      throw SourceFailures.explain(NAME, failure, settings);
    }
    if (failure instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    throw new IllegalStateException("the engine thread was interrupted", failure);
  }

  private void stream(SourceHandler handler) throws SQLException, InterruptedException {
    try (ReplicationStream stream = ReplicationStream.connect(settings)) {
      opened.set(stream);
      stream.start(settings);
      boolean goOn = true;
      while (goOn && !closed) {
        goOn = handler.handle(read(stream), stream::confirm);
      }
      if (!decoder.isInTransaction()) {
        stream.endGently();
      }
    }
  }

  /**
   * What has arrived, at most a batch; after a millisecond, when nothing has, just that. What
   * stands before something unreadable is dealt with first, or it would never be.
   */
  private List<SourceItem> read(ReplicationStream stream) throws SQLException {
    throwIfUnreadable();
    List<SourceItem> batch = new ArrayList<>();
    try {
      read(stream, batch);
    } catch (SQLException | RuntimeException e) {
      unreadable = e;
      if (batch.isEmpty()) {
        throwIfUnreadable();
      }
    }
    if (batch.isEmpty()) {
      batch.add(items.progress());
    }
    return batch;
  }

  private void throwIfUnreadable() throws SQLException {
    if (unreadable instanceof SQLException sql) {
      throw sql;
    }
    if (unreadable instanceof RuntimeException unchecked) {
      throw unchecked;
    }
  }

  /**
   * Ends when nothing more is there. Having waited for a message shows that all before it was
   * taken, so what was waited for is not held back to see whether more comes, or not for long: with
   * commits less than a millisecond apart it always would.
   */
  private void read(ReplicationStream stream, List<SourceItem> batch) throws SQLException {
    int bytes = 0;
    boolean waited = false;
    long begin = System.nanoTime();
    long before = begin;
    while (batch.size() < batching.items() && bytes < batching.bytes()) {
      @Nullable ByteBuffer message = stream.read();
      long now = System.nanoTime();
      waited |= now - before > WAITED_NANOS;
      before = now;
      if (message == null) {
        return;
      }
      bytes += message.remaining();
      @Nullable SourceItem item = decoder.decode(message);
      if (item != null) {
        batch.add(item);
      }
      if (batch.isEmpty()) {
        begin = now;
      } else if (waited && now - begin >= batching.gatherNanos() && !decoder.isInTransaction()) {
        return;
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    @Nullable Thread running = engineThread.get();
    if (running == null || running == Thread.currentThread()) {
      return;
    }
    try {
      if (finished.await(CLOSE_GENTLY.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
      long deadline = System.nanoTime() + CLOSE_WITHIN.toNanos();
      do {
        interrupt(running);
        @Nullable ReplicationStream stream = opened.get();
        if (stream != null) {
          stream.abort();
        }
      } while (!finished.await(CLOSE_GENTLY.toMillis(), TimeUnit.MILLISECONDS)
          && System.nanoTime() < deadline);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
