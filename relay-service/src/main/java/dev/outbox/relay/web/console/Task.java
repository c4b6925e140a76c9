package dev.outbox.relay.web.console;

import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.operations.ProgressListener.Progress;
import java.time.Instant;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An action under way, or one that is over. One thread carries it out; any thread may ask. */
final class Task implements ProgressListener {

  private static final Logger LOG = LoggerFactory.getLogger(Task.class);

  /** What is done, and what it comes to in one sentence. */
  @FunctionalInterface
  interface Work {
    Outcome run(ProgressListener progress) throws InterruptedException;
  }

  /**
   * What came of it.
   *
   * @param sound whether it went well, and what was found is well
   * @param text for people
   * @param figures for programs
   */
  record Outcome(boolean sound, String text, @Nullable Object figures) {}

  /** Where it is. */
  enum Stage {
    WAITING,
    RUNNING,
    CANCELLING,
    DONE,
    FAILED,
    CANCELLED;

    boolean isOver() {
      return this == DONE || this == FAILED || this == CANCELLED;
    }
  }

  /**
   * A task as it is shown.
   *
   * @param id names it
   * @param what what is done
   * @param by who asked for it
   * @param reason why
   * @param startedAt when it was asked for
   * @param endedAt when it was over
   * @param stage where it is
   * @param progress how far it is; null before the first word
   * @param sound whether it went well; null as long as it is not over
   * @param text what came of it
   * @param remedy what to do, if it failed
   * @param figures what came of it, for programs
   */
  record View(
      String id,
      String what,
      String by,
      String reason,
      Instant startedAt,
      @Nullable Instant endedAt,
      Stage stage,
      @Nullable Progress progress,
      @Nullable Boolean sound,
      String text,
      String remedy,
      @Nullable Object figures) {}

  private final String id;
  private final String what;
  private final Operator operator;
  private final Work work;
  private final ShownSettings shown;
  private final Instant startedAt = Instant.now();
  private Stage stage = Stage.WAITING;
  private @Nullable Instant endedAt;
  private @Nullable Progress progress;
  private @Nullable Boolean sound;
  private String text = "";
  private String remedy = "";
  private @Nullable Object figures;
  private @Nullable Future<?> future;

  Task(String id, String what, Operator operator, Work work, ShownSettings shown) {
    this.id = id;
    this.what = what;
    this.operator = operator;
    this.work = work;
    this.shown = shown;
  }

  String id() {
    return id;
  }

  synchronized void submitted(Future<?> running) {
    future = running;
  }

  /** Carries it out; catches everything, since nobody else would hear of it. */
  void run() {
    if (!begin()) {
      return;
    }
    try {
      Outcome outcome = work.run(this);
      end(Stage.DONE, outcome.sound(), outcome.text(), "", outcome.figures());
    } catch (InterruptedException e) {
      cancelled();
    } catch (RelayException e) {
      failed(e, shown.mask(e.problem()), shown.mask(e.remedy()));
    } catch (RuntimeException | Error e) {
      failed(
          e,
          "Unexpected failure: " + e.getClass().getSimpleName(),
          "See the cause in the relay's log, with logging.level.dev.outbox=debug.");
    }
  }

  private synchronized boolean begin() {
    if (stage != Stage.WAITING) {
      return false;
    }
    stage = Stage.RUNNING;
    return true;
  }

  private void failed(Throwable failure, String problem, String whatToDo) {
    synchronized (this) {
      if (stage == Stage.CANCELLING) { // what an interrupt breaks, breaks in many ways
        cancelled();
        return;
      }
    }
    LOG.atWarn().addKeyValue("task", id).log("{} failed: {}", what, problem);
    // The database's own words may hold a row that it refused.
    LOG.atDebug().setCause(failure).addKeyValue("task", id).log("Cause of the failure");
    end(Stage.FAILED, false, problem, whatToDo, null);
  }

  private void cancelled() {
    end(
        Stage.CANCELLED,
        false,
        "Cancelled. What was written into the log before is carried out nevertheless.",
        "",
        null);
  }

  private synchronized void end(
      Stage how, boolean well, String outcome, String whatToDo, @Nullable Object result) {
    stage = how;
    endedAt = Instant.now();
    sound = well;
    text = outcome;
    remedy = whatToDo;
    figures = result;
  }

  /**
   * Asks it to end.
   *
   * @return false when it is over already
   */
  synchronized boolean cancel() {
    if (stage.isOver()) {
      return false;
    }
    if (stage == Stage.WAITING) {
      cancelled();
    } else {
      stage = Stage.CANCELLING;
    }
    if (future != null) {
      var unused = future.cancel(true);
    }
    return true;
  }

  @Override
  public synchronized void at(Progress soFar) {
    progress = soFar;
  }

  synchronized boolean isOver() {
    return stage.isOver();
  }

  synchronized View view() {
    return new View(
        id,
        what,
        operator.name(),
        operator.reason(),
        startedAt,
        endedAt,
        stage,
        progress,
        sound,
        text,
        remedy,
        figures);
  }
}
