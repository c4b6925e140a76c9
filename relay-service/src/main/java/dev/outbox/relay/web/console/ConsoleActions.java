package dev.outbox.relay.web.console;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.AggregateName;
import dev.outbox.relay.operations.Audit;
import dev.outbox.relay.operations.AuditRange;
import dev.outbox.relay.operations.AuditReport;
import dev.outbox.relay.operations.Moment;
import dev.outbox.relay.operations.ParkedEvents;
import dev.outbox.relay.operations.ParkedEvents.Discarded;
import dev.outbox.relay.operations.ParkedEvents.Retried;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.operations.Replays;
import dev.outbox.relay.operations.Replays.Plan;
import dev.outbox.relay.operations.Replays.Written;
import dev.outbox.relay.web.console.Task.Outcome;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/**
 * What an operator does: the same operations as the command line's, each as a task. Only requests
 * of an operator who is logged in come here; {@link ConsoleSecurity} sees to it.
 */
@RestController
@RequestMapping("/console/api")
@ResponseStatus(HttpStatus.ACCEPTED)
final class ConsoleActions {

  /** As long as commands wait unless told otherwise. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final RelaySettings settings;
  private final Tasks tasks;

  ConsoleActions(RelaySettings settings, Tasks tasks) {
    this.settings = settings;
    this.tasks = tasks;
  }

  /**
   * {@code parked retry}.
   *
   * @param key TYPE/ID, or ID or position of one of the key's events; null with {@code all}
   * @param all every key
   * @param reason why
   */
  record RetryRequest(@Nullable String key, @Nullable Boolean all, @Nullable String reason) {}

  @PostMapping("/parked/retry")
  Task.View retry(@RequestBody RetryRequest asked, HttpServletRequest request) {
    Operator operator = Operator.of(request, asked.reason());
    String key = text(asked.key());
    boolean all = Boolean.TRUE.equals(asked.all());
    if (all == !key.isEmpty()) {
      throw Refusal.badRequest(
          "It is not clear what is to be retried.", "Give either 'key' or 'all'.");
    }
    return tasks
        .begin(
            all ? "Retry all parked events" : "Retry parked events of " + key,
            operator,
            progress -> {
              ParkedEvents parked = parked(progress);
              Retried retried =
                  all
                      ? parked.retryAll(operator.attribution(), PATIENCE)
                      : parked.retry(key, operator.attribution(), PATIENCE);
              return new Outcome(
                  retried.carriedOut() && retried.stillParked() == 0,
                  outcome(
                      retried.carriedOut(),
                      "Retried %d key(s); still parked: %d events."
                          .formatted(retried.keys(), retried.stillParked())),
                  retried);
            })
        .view();
  }

  /**
   * {@code parked discard}.
   *
   * @param event event ID or position
   * @param reason why; recorded beside the event
   */
  record DiscardRequest(@Nullable String event, @Nullable String reason) {}

  @PostMapping("/parked/discard")
  Task.View discard(@RequestBody DiscardRequest asked, HttpServletRequest request) {
    Operator operator = Operator.of(request, asked.reason());
    String event = text(asked.event());
    if (event.isEmpty()) {
      throw Refusal.badRequest(
          "It is not clear what is to be discarded.", "Give the ID or position as 'event'.");
    }
    return tasks
        .begin(
            "Discard parked event " + event,
            operator,
            progress -> {
              Discarded discarded =
                  parked(progress).discard(event, operator.attribution(), PATIENCE);
              int behind = discarded.stillParkedOfItsKey();
              return new Outcome(
                  discarded.carriedOut(),
                  outcome(
                      discarded.carriedOut(),
                      behind == 0
                          ? "Discarded; the key flows."
                          : "Discarded; %d event(s) of its key wait for a retry."
                              .formatted(behind)),
                  discarded);
            })
        .view();
  }

  private ParkedEvents parked(ProgressListener progress) {
    return new ParkedEvents(new SourceDatabase(settings), settings, progress);
  }

  private static String outcome(boolean carriedOut, String what) {
    return carriedOut ? what : "Written into the log; the relay has not reached it yet.";
  }

  /**
   * {@code replay}.
   *
   * @param ids event IDs
   * @param aggregate TYPE/ID
   * @param type aggregate type
   * @param from a moment, or how long ago
   * @param to a moment, or how long ago
   * @param topic where to, if not to the events' own
   * @param dryRun only count
   * @param reason why
   */
  record ReplayRequest(
      @Nullable List<UUID> ids,
      @Nullable String aggregate,
      @Nullable String type,
      @Nullable String from,
      @Nullable String to,
      @Nullable String topic,
      @Nullable Boolean dryRun,
      @Nullable String reason) {}

  @PostMapping("/replay")
  Task.View replay(@RequestBody ReplayRequest asked, HttpServletRequest request) {
    Operator operator = Operator.of(request, asked.reason());
    Selection selection = selection(asked);
    boolean dryRun = Boolean.TRUE.equals(asked.dryRun());
    @Nullable String topic = text(asked.topic()).isEmpty() ? null : text(asked.topic());
    return tasks
        .begin(
            (dryRun ? "Count rows for a replay of " : "Replay ")
                + describe(selection)
                + (topic == null ? "" : " to topic " + topic),
            operator,
            progress -> {
              Replays replays = new Replays(new SourceDatabase(settings), settings, progress);
              Plan plan = replays.plan(selection, topic);
              boolean written = !dryRun && !plan.spans().isEmpty();
              boolean carriedOut = false;
              if (written) {
                Written commands = replays.write(plan, operator.attribution());
                carriedOut = replays.awaitCarriedOut(commands, Replays.FOR_EVER);
              }
              return new Outcome(
                  true,
                  describe(plan, written),
                  new Replayed(plan.rows(), plan.held(), written, carriedOut));
            })
        .view();
  }

  /**
   * What came of a replay.
   *
   * @param rows rows that are selected
   * @param heldByParking those left out, since parked events hold their keys
   * @param written whether the relay was asked to publish them
   * @param carriedOut whether it has
   */
  record Replayed(long rows, long heldByParking, boolean written, boolean carriedOut) {}

  private static Selection selection(ReplayRequest asked) {
    List<UUID> ids = asked.ids() == null ? List.of() : asked.ids();
    String type = text(asked.type());
    String id = null;
    if (!text(asked.aggregate()).isEmpty()) {
      AggregateName name = AggregateName.parse(text(asked.aggregate())).orElse(null);
      if (name == null || !(type.isEmpty() || type.equals(name.type()))) {
        throw Refusal.badRequest(
            "'%s' is not TYPE/ID of the type that was given.".formatted(asked.aggregate()),
            "Write it like Order/42.");
      }
      type = name.type();
      id = name.id();
    }
    @Nullable Instant from = moment(asked.from());
    @Nullable Instant to = moment(asked.to());
    if (ids.isEmpty() && type.isEmpty() && from == null && to == null) {
      throw Refusal.badRequest(
          "It is not clear which rows are to be replayed.",
          "Give 'ids', 'aggregate', 'type', 'from' or 'to'.");
    }
    return new Selection(ids, type.isEmpty() ? null : type, id, from, to);
  }

  private static String describe(Selection selection) {
    StringBuilder text = new StringBuilder("rows");
    if (!selection.ids().isEmpty()) {
      text.append(" with ").append(selection.ids().size()).append(" ID(s)");
    }
    if (selection.aggregateType() != null) {
      text.append(" of ").append(selection.aggregateType());
    }
    if (selection.aggregateId() != null) {
      text.append('/').append(selection.aggregateId());
    }
    if (selection.from() != null) {
      text.append(" from ").append(selection.from());
    }
    if (selection.to() != null) {
      text.append(" to ").append(selection.to());
    }
    return text.toString();
  }

  private static String describe(Plan plan, boolean written) {
    String text =
        "%s: %d."
            .formatted(
                written ? "Rows replayed" : "Rows that would be replayed",
                plan.rows() - plan.held());
    return plan.held() == 0
        ? text
        : "%s Left out, because parked events hold their keys: %d.".formatted(text, plan.held());
  }

  /**
   * {@code audit}.
   *
   * @param from a moment, or how long ago
   * @param to a moment, or how long ago
   * @param reason why
   */
  record AuditRequest(@Nullable String from, @Nullable String to, @Nullable String reason) {}

  @PostMapping("/audit")
  Task.View audit(@RequestBody AuditRequest asked, HttpServletRequest request) {
    Operator operator = Operator.of(request, asked.reason());
    AuditRange range = range(asked);
    return tasks
        .begin(
            "Audit"
                + (range.from() == null ? "" : " from " + range.from())
                + (range.to() == null ? "" : " to " + range.to()),
            operator,
            progress -> {
              AuditReport report =
                  new Audit(new SourceDatabase(settings), settings, PATIENCE, progress).run(range);
              return new Outcome(report.isSound(), report.asText(), report);
            })
        .view();
  }

  private static AuditRange range(AuditRequest asked) {
    try {
      return new AuditRange(moment(asked.from()), moment(asked.to()));
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest(e.getMessage() + ".", "Give a range that ends after it begins.");
    }
  }

  /**
   * Cancelling a task.
   *
   * @param reason why
   */
  record CancelRequest(@Nullable String reason) {}

  @PostMapping("/tasks/{id}/cancel")
  Task.View cancel(
      @PathVariable String id, @RequestBody CancelRequest asked, HttpServletRequest request) {
    Operator operator = Operator.of(request, asked.reason());
    Task task = tasks.find(id);
    if (!task.cancel()) {
      throw Refusal.conflict("Task '%s' is over.".formatted(id), "None needed.");
    }
    operator.log("Cancel task " + id);
    return task.view();
  }

  private static @Nullable Instant moment(@Nullable String text) {
    String given = text(text);
    try {
      return given.isEmpty() ? null : Moment.parse(given);
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest(
          "'%s' is no moment.".formatted(given),
          "Give one such as 2026-05-01T00:00:00Z, or how long ago, such as 1h.");
    }
  }

  /** What was left out is empty. What is given is named in the log, where a line is one line. */
  private static String text(@Nullable String given) {
    String text = given == null ? "" : given.strip();
    if (Operator.CONTROL.matcher(text).find()) {
      throw Refusal.badRequest(
          "'%s' has control characters.".formatted(Operator.CONTROL.matcher(text).replaceAll(" ")),
          "Leave them out; an event can be named by its ID, a key by the ID of one of its events.");
    }
    return text;
  }
}
