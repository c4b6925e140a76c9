package dev.outbox.relay.chaos;

import dev.outbox.relay.config.RelaySettings.Delivery;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.AppInfoParser;

/** One run from the start of the servers to the last judgement. For one thread. */
final class ChaosRun implements AutoCloseable {

  private static final int FAULTS_BETWEEN_CALMS = 25;
  private static final Duration MOST_FOR_PROGRESS = Duration.ofSeconds(20);
  private static final int LOOK_EVERY_MILLIS = 100;

  private final ChaosOptions options;
  private final Delivery mode;
  private final Timeline timeline;
  private final ChaosStack stack;
  private final TopicLedger ledger = new TopicLedger();
  private final Writers writers;
  private final TopicWatch topics;
  private final Effects effects;
  private final FaultInjector injector;
  private final Judge judge;
  private int calms;

  /**
   * @param directory takes logs and timeline
   */
  ChaosRun(ChaosOptions options, Delivery mode, Path directory) throws Exception {
    this.options = options;
    this.mode = mode;
    timeline = new Timeline(directory.resolve("timeline.txt"));
    stack = new ChaosStack(directory, mode, options.shards(), options.instances());
    String brokers = stack.kafka().bootstrapServers();
    topics = new TopicWatch(brokers, stack.topicPrefix(), ledger);
    effects = new Effects(stack.postgres(), brokers, stack.topics());
    writers = new Writers(stack.database(), options.seed());
    injector = new FaultInjector(stack, timeline);
    judge = new Judge(stack, mode, writers, ledger, topics, effects, options.patience());
  }

  /** Throws a {@link ChaosViolation} when a promise does not hold. */
  ChaosReport run() throws Exception {
    try {
      effects.start();
      calm();
      Duration start = timeline.elapsed();
      FaultPlan plan = new FaultPlan(options.seed(), options.kinds());
      Fault fault = plan.next();
      while (fault.number() <= options.count()
          && timeline.elapsed().minus(start).compareTo(options.duration()) < 0) {
        TimeUnit.MILLISECONDS.sleep(fault.pause().toMillis());
        if (!fault.blind()) {
          awaitProgress();
        }
        noteProgress();
        injector.check();
        injector.inject(fault);
        if (fault.number() % FAULTS_BETWEEN_CALMS == 0) {
          calm();
        }
        fault = plan.next();
      }
      timeline.note("repairing for the last time");
      injector.awaitRepaired();
      judge.judgeAndAudit();
      calms++;
      return report(timeline.elapsed().minus(start));
    } catch (Throwable e) {
      timeline.note("failed: " + e.getMessage());
      throw e;
    }
  }

  /**
   * A relay that is struck again and again while it starts has nothing to lose. Bounded, since a
   * fault that lasts may be why nothing moves.
   */
  private void awaitProgress() throws InterruptedException {
    long deadline = System.nanoTime() + MOST_FOR_PROGRESS.toNanos();
    while (!injector.someRelayLeads() && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
    }
    long before = ledger.events();
    while (ledger.events() == before && System.nanoTime() < deadline) {
      TimeUnit.MILLISECONDS.sleep(LOOK_EVERY_MILLIS);
    }
  }

  private void calm() throws Exception {
    timeline.note("repairing");
    injector.awaitRepaired();
    timeline.note("judging");
    judge.judge();
    calms++;
    timeline.note("all is well");
    noteProgress();
  }

  private void noteProgress() {
    timeline.note(
        "%d events and %d repeats on the topics".formatted(ledger.events(), ledger.repeats()));
  }

  private ChaosReport report(Duration elapsed) throws IOException {
    return new ChaosReport(
        mode,
        options.shards(),
        options.instances(),
        options.seed(),
        elapsed,
        calms,
        injector.counts(),
        RelayLogs.of(stack.relays()),
        judge.events(),
        ledger.records(),
        ledger.republished(),
        judge.delays(),
        "PostgreSQL %s, Kafka %s"
            .formatted(stack.database().query("show server_version"), AppInfoParser.getVersion()));
  }

  @Override
  public void close() throws Exception {
    try (stack;
        topics;
        effects;
        writers;
        injector) {
      timeline.note("ending");
    }
  }
}
