package dev.outbox.relay.web.console;

import dev.outbox.relay.config.ShownSettings;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Operators' actions, carried out in the background, so that they outlive the browser that began
 * them; they end with the process. Few at a time, and the last of them are remembered. Any thread.
 */
final class Tasks implements AutoCloseable {

  private static final int AT_ONCE = 2;

  /** More would only wait, and be forgotten by those who asked for them. */
  static final int MOST_UNFINISHED = 6;

  private static final int MOST_REMEMBERED = 30;

  private final ShownSettings shown;
  private final Instant since = Instant.now();
  private final Deque<Task> tasks = new ArrayDeque<>();
  private final ExecutorService executor =
      Executors.newFixedThreadPool(
          AT_ONCE,
          task -> {
            Thread thread = new Thread(task, "outbox-relay-console-task");
            thread.setDaemon(true);
            return thread;
          });

  Tasks(ShownSettings shown) {
    this.shown = shown;
  }

  /**
   * Begins an action, and logs who asked for it and why.
   *
   * @throws Refusal when too many are under way
   */
  synchronized Task begin(String what, Operator operator, Task.Work work) {
    if (tasks.stream().filter(task -> !task.isOver()).count() >= MOST_UNFINISHED) {
      throw Refusal.busy(
          "%d actions are under way.".formatted(MOST_UNFINISHED),
          "Wait until one has ended, or cancel one.");
    }
    String id = "%08x".formatted(ThreadLocalRandom.current().nextInt());
    operator.log("%s (task %s)".formatted(what, id));
    Task task = new Task(id, what, operator, work, shown);
    tasks.addLast(task);
    forgetOldest();
    task.submitted(executor.submit(task::run));
    return task;
  }

  private void forgetOldest() {
    if (tasks.size() > MOST_REMEMBERED) {
      tasks.stream().filter(Task::isOver).findFirst().ifPresent(tasks::remove);
    }
  }

  /** The newest first. */
  synchronized List<Task.View> list() {
    List<Task.View> views = new ArrayList<>(tasks.stream().map(Task::view).toList());
    Collections.reverse(views);
    return views;
  }

  /**
   * The one of this ID.
   *
   * @throws Refusal when there is none
   */
  synchronized Task find(String id) {
    return tasks.stream()
        .filter(task -> task.id().equals(id))
        .findFirst()
        .orElseThrow(
            () ->
                Refusal.notFound(
                    "There is no task '%s' in this process, which runs since %s."
                        .formatted(id, since),
                    "Tasks end with their process, and only the last %d are remembered. What was"
                            .formatted(MOST_REMEMBERED)
                        + " written into the log is carried out nevertheless; begin an audit again."));
  }

  @Override
  public void close() {
    executor.shutdownNow();
  }
}
