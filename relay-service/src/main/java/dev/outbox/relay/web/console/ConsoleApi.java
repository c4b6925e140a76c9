package dev.outbox.relay.web.console;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.ParkedEvents;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.parking.ParkedTable.Listed;
import java.security.Principal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What the console shows. Only reads, and what was found last, so it costs the relay nothing. */
@RestController
@RequestMapping("/console/api")
final class ConsoleApi {

  private static final int MOST_PAYLOAD_BYTES = 64 * 1024;

  private final RelaySettings settings;
  private final ShownSettings shown;
  private final ShardViews views;
  private final RecentErrors errors;
  private final Tasks tasks;

  ConsoleApi(
      RelaySettings settings,
      ShownSettings shown,
      ShardViews views,
      RecentErrors errors,
      Tasks tasks) {
    this.settings = settings;
    this.shown = shown;
    this.views = views;
    this.errors = errors;
    this.tasks = tasks;
  }

  /**
   * How it is.
   *
   * @param shard which shard is shown
   * @param shards all of them; none where the outbox is not divided
   * @param status how that shard is
   */
  record Shown(
      int shard, List<ShardViews.Summary> shards, @JsonUnwrapped StatusReport.Status status) {}

  @GetMapping("/status")
  Shown status(@RequestParam(defaultValue = "0") int shard) {
    ShardViews.View view = views.watched(shard);
    return new Shown(view.shard(), views.summaries(), view.report().now());
  }

  /**
   * What the charts are drawn from.
   *
   * @param columns names of the figures
   * @param rows one for each sample, oldest first
   */
  record Series(List<String> columns, List<List<@Nullable Number>> rows) {}

  @GetMapping("/samples")
  Series samples(
      @RequestParam(defaultValue = "0") long after, @RequestParam(defaultValue = "0") int shard) {
    Observation observation = views.watched(shard).observation();
    return new Series(
        List.of(
            "number",
            "at",
            "readPerSecond",
            "publishedPerSecond",
            "latencyMedian",
            "latencyP99",
            "lagEvents",
            "lagBytes",
            "lagSeconds"),
        observation.samples().after(after).stream().map(ConsoleApi::row).toList());
  }

  private static List<@Nullable Number> row(Sample sample) {
    List<@Nullable Number> row = new ArrayList<>();
    row.add(sample.number());
    row.add(sample.at());
    for (double figure :
        new double[] {
          sample.readPerSecond(),
          sample.publishedPerSecond(),
          sample.latencyMedian(),
          sample.latencyP99(),
          sample.lagEvents(),
          sample.lagBytes(),
          sample.lagSeconds()
        }) {
      row.add(Double.isFinite(figure) ? figure : null);
    }
    return row;
  }

  @GetMapping("/errors")
  List<RecentErrors.Entry> errors() {
    return errors.latest();
  }

  /**
   * Events that are set aside.
   *
   * @param total how many there are
   * @param shown most that are listed
   * @param events the first of them, in order of the log
   */
  record Parked(int total, int shown, List<Listed> events) {}

  @GetMapping("/parked")
  Parked parked(@RequestParam(defaultValue = "0") int shard) {
    Observation observation = views.watched(shard).observation();
    Surroundings surroundings = observation.surroundings();
    return new Parked(
        surroundings.backlog() == null ? 0 : surroundings.backlog().parked(),
        Observation.MOST_PARKED,
        surroundings.parked().stream().map(this::masked).toList());
  }

  /** Reasons come from brokers and drivers. */
  private Listed masked(Listed event) {
    return new Listed(
        event.position(),
        event.id(),
        event.aggregateType(),
        event.aggregateId(),
        event.type(),
        event.stage(),
        shown.mask(event.reason()),
        event.attempts(),
        event.parkedAt(),
        event.payloadBytes(),
        event.state(),
        event.note());
  }

  @GetMapping("/parked/{position}/payload")
  ResponseEntity<byte[]> payload(@PathVariable String position) {
    if (!settings.console().showPayloads()) {
      throw Refusal.forbidden(
          "Payloads are not shown.",
          "Set outbox.relay.console.show-payloads=true, if they may be.");
    }
    byte[] payload =
        new ParkedEvents(new SourceDatabase(settings), settings, ProgressListener.NONE)
            .payload(position)
            .orElseThrow(
                () ->
                    Refusal.notFound(
                        "There is no payload of an event at '%s'.".formatted(position),
                        "See the list of parked events."));
    // Never as something that a browser would show or run.
    return ResponseEntity.status(HttpStatus.OK)
        .contentType(MediaType.APPLICATION_OCTET_STREAM)
        .header("Content-Disposition", "attachment; filename=\"payload\"")
        .body(Arrays.copyOf(payload, Math.min(payload.length, MOST_PAYLOAD_BYTES)));
  }

  @GetMapping("/tasks")
  List<Task.View> tasks() {
    return tasks.list();
  }

  @GetMapping("/tasks/{id}")
  Task.View task(@PathVariable String id) {
    return tasks.find(id).view();
  }

  /**
   * A setting in force.
   *
   * @param key its full name
   * @param value its value, masked if it is or may be a secret
   */
  record Setting(String key, String value) {}

  @GetMapping("/settings")
  List<Setting> settings() {
    return shown.entries().stream()
        .map(entry -> new Setting(entry.getKey(), entry.getValue()))
        .toList();
  }

  /**
   * What who looks at the page may do.
   *
   * @param actions whether an operator is configured
   * @param operator who is logged in; null for nobody
   * @param payloads whether an operator may see payloads
   * @param csrfHeader the header that proves that a request comes from the page
   * @param csrfToken its value; null when there are no actions
   */
  record Session(
      boolean actions,
      @Nullable String operator,
      boolean payloads,
      @Nullable String csrfHeader,
      @Nullable String csrfToken) {}

  @GetMapping("/session")
  Session session(@Nullable CsrfToken token, @Nullable Principal who) {
    return new Session(
        settings.console().hasOperator(),
        who == null ? null : who.getName(),
        settings.console().showPayloads(),
        token == null ? null : token.getHeaderName(),
        token == null ? null : token.getToken());
  }
}
