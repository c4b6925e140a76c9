package dev.outbox.demo.page;

import dev.outbox.demo.page.Snapshot.Control;
import dev.outbox.demo.page.Snapshot.Counters;
import dev.outbox.demo.page.Snapshot.Point;
import dev.outbox.demo.page.Snapshot.Relay;
import dev.outbox.demo.page.Snapshot.Servers;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.SmartLifecycle;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Everything that runs behind the page: a reader of tables, a reader of topics, one that asks the
 * control server, and one that puts it all together twice a second, each a thread of its own, so
 * that a server that is away holds up only its reader. Begins and ends with the application, and
 * ends before the web server waits for its requests.
 */
@Component
class LivePage implements SmartLifecycle {

  private static final Duration TABLES = Duration.ofMillis(300);
  private static final Duration TOPICS = Duration.ofMillis(20);
  private static final Duration CONTROL = Duration.ofSeconds(1);
  private static final Duration SNAPSHOTS = Duration.ofMillis(500);
  private static final Duration POINTS = Duration.ofSeconds(1);
  private static final int HISTORY = 90;
  private static final double NANOS = 1e9;

  /** The library's own counter, by consumer. */
  private static final String INBOX_REPEATS = "outbox.inbox.repeats";

  private static final String NO_CONTROL =
      "No control server is configured (demo.control.url): bash deploy/demo starts one";

  private final InstantSource clock = InstantSource.system();
  private final Journeys journeys;
  private final Availability database = new Availability(clock);
  private final Availability broker = new Availability(clock);
  private final Deque<Point> history = new ArrayDeque<>();
  private final List<Loop> loops = new ArrayList<>();
  private final HttpCounts http;
  private final ControlServer control;
  private final HarmLog harm = new HarmLog(clock);
  private final MeterRegistry meters;
  private final JsonMapper json;
  private final TableReader tables;
  private final String bootstrapServers;
  private final LiveStream stream;
  private final Instant since = clock.instant();
  private volatile Relay relay = new Relay(false, false, 0);
  private volatile boolean running;

  /** What the next point of the charts is measured against. */
  private record Sample(Instant at, long accepted, long published, long applied) {}

  private @Nullable Sample sample;

  LivePage(
      Tables tables,
      PageSettings settings,
      HttpCounts http,
      ControlServer control,
      MeterRegistry meters,
      JsonMapper json,
      @Value("${demo.kafka.bootstrap-servers}") String bootstrapServers) {
    this.journeys = new Journeys(clock, settings.grace());
    this.tables = new TableReader(tables, journeys, clock);
    this.http = http;
    this.control = control;
    this.meters = meters;
    this.json = json;
    this.bootstrapServers = bootstrapServers;
    this.stream = new LiveStream(settings.maxViewers());
  }

  LiveStream stream() {
    return stream;
  }

  HarmLog harm() {
    return harm;
  }

  @Override
  public void start() {
    loops.add(
        new Loop(
            "page-tables",
            TABLES,
            () -> {
              tables.look();
              database.answered();
            },
            database::failed,
            () -> {},
            () -> {}));
    TopicWatcher watcher =
        new TopicWatcher(bootstrapServers, journeys, ExpectedEffects.consumers(), clock);
    loops.add(
        new Loop(
            "page-topics",
            TOPICS,
            () -> {
              watcher.look();
              broker.answered();
            },
            broker::failed,
            watcher::wakeUp,
            watcher::close));
    if (control.isPresent()) {
      loops.add(new Loop("page-control", CONTROL, this::askControl, () -> {}, () -> {}, () -> {}));
    }
    loops.add(new Loop("page-snapshots", SNAPSHOTS, this::publish, () -> {}, () -> {}, () -> {}));
    loops.forEach(Loop::start);
    running = true;
  }

  @Override
  public void stop() {
    running = false;
    stream.close();
    loops.forEach(Loop::stop);
    loops.clear();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  private void askControl() throws InterruptedException {
    ControlServer.Answer answer = control.state();
    JsonNode state = answer.body().path("relay");
    relay = new Relay(answer.isWell(), state.path("up").asBoolean(), state.path("kills").asLong());
  }

  private void publish() {
    stream.publish(json.writeValueAsString(snapshot()));
  }

  private Snapshot snapshot() {
    Instant now = clock.instant();
    Findings audit = journeys.findings();
    HttpCounts.Counts asked = http.counts();
    Servers servers = new Servers(database.isUp(), broker.isUp(), relay);
    measure(now, asked, audit);
    return new Snapshot(
        now,
        since,
        Verdicts.of(audit, servers),
        servers,
        counters(asked, audit),
        audit,
        tables.trips(),
        tables.orders(),
        List.copyOf(history),
        new Control(control.isPresent(), control.isPresent() ? "" : NO_CONTROL),
        harm.latest());
  }

  private Counters counters(HttpCounts.Counts asked, Findings audit) {
    Tables.EffectCount effects = tables.effectCount();
    long inInboxes =
        Math.round(
            meters.find(INBOX_REPEATS).functionCounters().stream()
                .mapToDouble(FunctionCounter::count)
                .sum());
    return new Counters(
        asked.asked(),
        asked.accepted(),
        asked.replayed(),
        asked.refused(),
        audit.published(),
        effects.rows(),
        audit.repeats() + inInboxes,
        audit.repeats(),
        inInboxes,
        effects.rows() - effects.distinct());
  }

  private void measure(Instant now, HttpCounts.Counts asked, Findings audit) {
    Sample before = sample;
    Sample after = new Sample(now, asked.accepted(), audit.published(), audit.effects());
    if (before == null) {
      sample = after;
      return;
    }
    Duration passed = Duration.between(before.at(), now);
    if (passed.compareTo(POINTS) < 0) {
      return;
    }
    sample = after;
    double seconds = passed.toNanos() / NANOS;
    history.addLast(
        new Point(
            now,
            (after.accepted() - before.accepted()) / seconds,
            (after.published() - before.published()) / seconds,
            (after.applied() - before.applied()) / seconds,
            audit.toPublish(),
            audit.toApply()));
    if (history.size() > HISTORY) {
      history.removeFirst();
    }
  }
}
