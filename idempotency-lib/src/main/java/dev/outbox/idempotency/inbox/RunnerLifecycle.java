package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.inbox.RunnerState.Created;
import dev.outbox.idempotency.inbox.RunnerState.Failed;
import dev.outbox.idempotency.inbox.RunnerState.Paused;
import dev.outbox.idempotency.inbox.RunnerState.Retrying;
import dev.outbox.idempotency.inbox.RunnerState.Running;
import dev.outbox.idempotency.inbox.RunnerState.Starting;
import dev.outbox.idempotency.inbox.RunnerState.Stopped;
import dev.outbox.idempotency.inbox.RunnerState.Stopping;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * The legal transitions of {@link RunnerState}. A request to stop wins over whatever the runner's
 * thread reports afterwards, except its end.
 */
final class RunnerLifecycle {

  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private volatile boolean pauseRequested;
  private volatile RunnerState state = new Created();

  RunnerState state() {
    return state;
  }

  /** Completes when running; exceptionally when that will not happen any more. */
  CompletableFuture<Void> started() {
    return started;
  }

  /** Completes when stopped, exceptionally when failed. */
  CompletableFuture<Void> ended() {
    return ended;
  }

  synchronized void starting() {
    if (!(state instanceof Created)) {
      throw new IllegalStateException(
          "The runner was started before and is " + state + "; build a new one");
    }
    state = new Starting();
  }

  synchronized void running() {
    if (state instanceof Starting || state instanceof Retrying || state instanceof Paused) {
      state = new Running();
      started.complete(null);
    }
  }

  /** From any thread; what is in hand is finished first. */
  void requestPause(boolean pause) {
    pauseRequested = pause;
  }

  boolean pauseRequested() {
    return pauseRequested;
  }

  synchronized void paused() {
    if (state instanceof Starting || state instanceof Running || state instanceof Retrying) {
      state = new Paused();
      started.complete(null);
    }
  }

  synchronized void retrying(int attempt, Duration wait, Throwable cause) {
    boolean resumed = state instanceof Paused && !pauseRequested;
    if (resumed
        || state instanceof Starting
        || state instanceof Running
        || state instanceof Retrying) {
      state = new Retrying(attempt, wait, cause);
    }
  }

  synchronized void stopRequested() {
    if (state instanceof Created) {
      stopped();
    } else if (!hasEnded()) {
      state = new Stopping();
    }
  }

  synchronized void stopped() {
    state = new Stopped();
    started.completeExceptionally(new IllegalStateException("The runner was stopped"));
    ended.complete(null);
  }

  synchronized void failed(Throwable cause) {
    state = new Failed(cause);
    started.completeExceptionally(cause);
    ended.completeExceptionally(cause);
  }

  boolean mayGoOn() {
    return !(state instanceof Stopping);
  }

  private boolean hasEnded() {
    return state instanceof Stopped || state instanceof Failed;
  }
}
