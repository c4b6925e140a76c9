package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.ShardChange;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that the outbox is divided into another number of shards than this instance was started
 * for, on a thread of its own. While the database cannot be asked the number stays as it is.
 */
public final class DivisionWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(DivisionWatch.class);

  /** A part of what a change takes, and cheap: one statement on a connection that is kept. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(500);

  private final RelaySettings settings;
  private final DatabaseSession session;
  private final IntConsumer whenChanged;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "outbox-relay-division");

  /**
   * Not started yet.
   *
   * @param whenChanged told of the other number, once, on the watch's thread
   */
  public DivisionWatch(RelaySettings settings, IntConsumer whenChanged) {
    this.settings = settings;
    this.session = new SourceDatabase(settings).session();
    this.whenChanged = whenChanged;
    thread.setDaemon(true);
  }

  /** Begins to look. Once. */
  public void start() {
    thread.start();
  }

  private void run() {
    try {
      int now = settings.shards();
      while (now == settings.shards()
          && !closed.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
        now = look();
      }
      if (now != settings.shards()) {
        LOG.atWarn()
            .addKeyValue("setting", settings.shards())
            .addKeyValue("shards", now)
            .log(
                "The outbox is divided into another number of shards than outbox.relay.shards says;"
                    + " beginning anew with that number. Set it for the next start");
        session.close();
        whenChanged.accept(now);
      }
    } catch (InterruptedException e) {
      LOG.atDebug().log("The watch over the number of shards was interrupted and ends");
    }
  }

  private int look() {
    try {
      return session
          .call(sql -> ShardChange.division(sql, settings))
          .now()
          .orElse(settings.shards());
    } catch (RelayException e) {
      LOG.atDebug().setCause(e).log("The number of shards cannot be looked up");
      return settings.shards();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    session.close();
  }
}
