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

  /** Most items that are handed on at once. */
  private static final int BATCH_ITEMS = 1024;

  /** From so many bytes of messages on it is enough, too. */
  private static final int BATCH_BYTES = 1024 * 1024;

  /** So many at once are part of a burst or a backlog. */
  private static final int MANY = 100;

  /**
   * How long more is waited for in exactly-once mode, where a Kafka transaction has to be committed
   * behind what is handed on, which takes some milliseconds itself.
   */
  private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final Duration CLOSE_WITHIN = Duration.ofSeconds(30);

  /** How long a run has to end by itself before its thread is interrupted and its socket cut. */
  private static final Duration CLOSE_GENTLY = Duration.ofSeconds(1);

  private final RelaySettings settings;
  private final long gatherNanos;
  private final LogItems items;
  private final PgOutputDecoder decoder;
  private final AtomicReference<@Nullable Thread> engineThread = new AtomicReference<>();
  private final AtomicReference<@Nullable ReplicationStream> opened = new AtomicReference<>();
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean closed;
  private boolean over;
  private @Nullable SQLException broken;

  /**
   * @param start where the slot stands; positions are counted from there
   */
  public PgOutputSource(RelaySettings settings, SlotStart start) {
    this.settings = settings;
    this.gatherNanos = settings.delivery() == Delivery.EXACTLY_ONCE ? GATHER_NANOS : 0;
    this.items = new LogItems(start, new EventMessages(settings.tableName(), settings.shard()));
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
      try {
        boolean goOn = true;
        while (goOn && !closed) {
          goOn = handleNext(stream, handler);
        }
      } catch (RuntimeException e) {
        // A connection that is cut with something unread takes what the server has not read with
        // it: the confirmation of what stands before the failure.
        if (!closed) {
          stream.endGently();
        }
        throw e;
      }
      if (!decoder.isInTransaction()) {
        stream.endGently();
      }
    }
  }

  /** Hands on what has arrived, at most a batch; within a millisecond at most if nothing has. */
  private boolean handleNext(ReplicationStream stream, SourceHandler handler)
      throws SQLException, InterruptedException {
    if (broken != null) {
      // What stands before is dealt with first: the server may fail at this place each time.
      var unused = handler.handle(List.of(items.progress()), false, stream::confirm);
      throw broken;
    }
    List<SourceItem> batch = new ArrayList<>();
    @Nullable RuntimeException unreadable = null;
    try {
      read(stream, batch);
    } catch (SQLException e) {
      broken = e;
    } catch (RuntimeException e) {
      unreadable = e;
    }
    boolean more = batch.size() >= MANY && broken == null;
    if (batch.isEmpty()) {
      batch.add(items.progress());
    }
    return handler.handle(upTo(batch, unreadable), more, stream::confirm);
  }

  private static Iterable<SourceItem> upTo(
      List<SourceItem> batch, @Nullable RuntimeException failure) {
    return failure == null ? batch : () -> new UpToFailure(batch.iterator(), failure);
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
    while (batch.size() < BATCH_ITEMS && bytes < BATCH_BYTES) {
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
      } else if (waited && now - begin >= gatherNanos && !decoder.isInTransaction()) {
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
