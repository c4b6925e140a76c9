package dev.outbox.relay.support;

import dev.outbox.relay.DivisionWatch;
import dev.outbox.relay.ShardedRelay;
import dev.outbox.relay.config.RelaySettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** An instance in this JVM that begins anew when the number of shards changes. */
public final class FollowingRelay implements AutoCloseable {

  private RelaySettings settings;
  private ShardedRelay relay;
  private DivisionWatch watch;
  private boolean closed;

  /** Starts at once. */
  public FollowingRelay(RelaySettings settings) {
    this.settings = settings;
    this.relay = new ShardedRelay(settings, new SimpleMeterRegistry());
    this.watch = new DivisionWatch(settings, this::beginAnew);
    relay.start();
    watch.start();
  }

  private synchronized void beginAnew(int shards) {
    if (!closed) {
      stop();
      settings = settings.dividedInto(shards);
      relay = new ShardedRelay(settings, new SimpleMeterRegistry());
      watch = new DivisionWatch(settings, this::beginAnew);
      relay.start();
      watch.start();
    }
  }

  /** The present one. */
  public synchronized ShardedRelay relay() {
    return relay;
  }

  private void stop() {
    try {
      relay.stop();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    watch.close();
    stop();
  }
}
