package dev.outbox.demo.page;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.http.MediaType;
import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

/**
 * Sends each snapshot to all who watch. Each viewer has a thread of his own and gets the newest
 * when the one before is written, so a slow one misses some and holds up nobody.
 */
final class LiveStream implements AutoCloseable {

  private static final Duration HEARTBEAT = Duration.ofSeconds(5);
  private static final Duration RECONNECT = Duration.ofSeconds(1);
  private static final MediaType TEXT = new MediaType("text", "plain", UTF_8);
  private static final long NEVER = 0L;

  private final int maxViewers;
  private final AtomicInteger viewers = new AtomicInteger();
  private final ExecutorService writers =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "page-viewer");
            thread.setDaemon(true);
            return thread;
          });
  private final Object lock = new Object();
  private String newest = "";
  private long version;
  private boolean closed;

  LiveStream(int maxViewers) {
    this.maxViewers = maxViewers;
  }

  /** One more viewer; empty when there are as many as there may be, or the service stops. */
  Optional<SseEmitter> open() {
    synchronized (lock) {
      if (closed || viewers.get() >= maxViewers) {
        return Optional.empty();
      }
      viewers.incrementAndGet();
      SseEmitter viewer = new SseEmitter(NEVER);
      writers.execute(() -> write(viewer));
      return Optional.of(viewer);
    }
  }

  int viewers() {
    return viewers.get();
  }

  /** The same text for all; one line. */
  void publish(String snapshot) {
    synchronized (lock) {
      newest = snapshot;
      version++;
      lock.notifyAll();
    }
  }

  private void write(SseEmitter viewer) {
    try {
      viewer.send(SseEmitter.event().reconnectTime(RECONNECT.toMillis()).comment("welcome"));
      long seen = 0;
      while (true) {
        String snapshot;
        long now;
        synchronized (lock) {
          long deadline = System.nanoTime() + HEARTBEAT.toNanos();
          while (!closed && version == seen && System.nanoTime() < deadline) {
            TimeUnit.NANOSECONDS.timedWait(lock, Math.max(1, deadline - System.nanoTime()));
          }
          if (closed) {
            break;
          }
          snapshot = newest;
          now = version;
        }
        viewer.send(
            now == seen
                ? SseEmitter.event().comment("still here")
                : SseEmitter.event().data(snapshot, TEXT));
        seen = now;
      }
      end(viewer);
    } catch (IOException | IllegalStateException gone) {
      // The viewer has left, which the container finds out at the same time.
      end(viewer);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      viewers.decrementAndGet();
    }
  }

  private static void end(SseEmitter viewer) {
    try {
      viewer.complete();
    } catch (IllegalStateException over) {
      // The container was first.
    }
  }

  /** Ends all streams, so that their connections do not hold up the end of the server. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    writers.shutdown();
    try {
      if (!writers.awaitTermination(2, TimeUnit.SECONDS)) {
        writers.shutdownNow();
      }
    } catch (InterruptedException e) {
      writers.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
