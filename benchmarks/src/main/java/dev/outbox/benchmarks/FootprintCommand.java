package dev.outbox.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How much memory and processor time does it take to be there, to keep pace, to catch up? */
@Command(
    name = "footprint",
    description = "Memory and processor time: idle, at a steady rate, draining.",
    mixinStandardHelpOptions = true)
final class FootprintCommand implements Runnable {

  private static final int PAYLOAD_BYTES = 500;
  private static final int PER_TRANSACTION = 10;

  /** What was begun before, such as a confirmation of the position, is through by then. */
  private static final Duration SETTLED = Duration.ofSeconds(5);

  @Option(
      names = "--events",
      defaultValue = "1000000",
      description = "events of the backlog to drain (default: ${DEFAULT-VALUE})")
  private int events;

  @Option(
      names = "--rate",
      defaultValue = "1000",
      description = "transactions a second of the steady rate (default: ${DEFAULT-VALUE})")
  private int rate;

  @Option(
      names = "--seconds",
      defaultValue = "30",
      description = "how long the rate is kept (default: ${DEFAULT-VALUE})")
  private int seconds;

  @Option(
      names = "--idle-seconds",
      defaultValue = "20",
      description = "how long nothing is to be done (default: ${DEFAULT-VALUE})")
  private int idleSeconds;

  @Mixin private Contenders contenders = new Contenders();

  /**
   * What a contender uses in one state.
   *
   * @param cpu processor time: milliseconds a second when idle, else seconds per million events
   * @param residentMegabytes at the end; of the backlog, at its peak
   */
  private record Use(double cpu, long residentMegabytes) {}

  private record Outcome(String name, Use idle, Use steady, Use draining) {}

  @Override
  public void run() {
    Report report =
        new Report("footprint", "Memory and processor time", "bash benchmarks/run footprint");
    List<Outcome> outcomes = new ArrayList<>();
    try (Stack stack = Stack.start()) {
      report.add(Machine.describe(stack));
      List<Contender> all = contenders.all();
      Drain drain = new Drain(stack, all, Optional.empty());
      var unused = drain.run(Workload.WARM_UP);
      List<Drain.Outcome> drained = drain.run(backlog());
      for (int i = 0; i < all.size(); i++) {
        outcomes.add(measure(stack, all.get(i), draining(drained.get(i))));
      }
    }
    add(report, outcomes);
    report.write();
  }

  private Workload backlog() {
    return new Workload(events, PAYLOAD_BYTES, PER_TRANSACTION, Workload.KEYS, Workload.PARTITIONS);
  }

  private Use draining(Drain.Outcome outcome) {
    ProcessFigures used = outcome.used().orElseThrow();
    return new Use(
        ProcessFigures.cpuSecondsPerMillion(used.cpu(), events), used.peakResidentMegabytes());
  }

  private Outcome measure(Stack stack, Contender contender, Use draining) {
    try (SteadyLoad load = SteadyLoad.start(stack, contender)) {
      var warm = load.keep(rate, SteadyLoad.WARM_UP);
      ProcessFigures begin = load.used();
      var unused = load.keep(rate, Duration.ofSeconds(seconds));
      ProcessFigures kept = load.used();
      Pause.of(SETTLED);
      ProcessFigures settled = load.used();
      Pause.of(Duration.ofSeconds(idleSeconds));
      ProcessFigures rested = load.used();
      return new Outcome(
          contender.name(),
          new Use(
              (double) rested.cpuSince(settled).toMillis() / idleSeconds,
              rested.residentMegabytes()),
          new Use(
              ProcessFigures.cpuSecondsPerMillion(kept.cpuSince(begin), rate * seconds),
              kept.residentMegabytes()),
          draining);
    }
  }

  private void add(Report report, List<Outcome> outcomes) {
    report.table(
        "Resident MB",
        List.of("", "idle", "%,d transactions/s".formatted(rate), "draining, peak"),
        rows(outcomes, use -> String.valueOf(use.residentMegabytes())));
    chart(report, "memory", "resident MB at its peak, draining", outcomes, Use::residentMegabytes);
    report.table(
        "Processor time",
        List.of(
            "",
            "idle, ms a second",
            "%,d transactions/s, seconds per million".formatted(rate),
            "draining, seconds per million, start included"),
        rows(outcomes, use -> "%.1f".formatted(use.cpu())));
    chart(report, "cpu", "seconds of processor time per million, draining", outcomes, Use::cpu);
  }

  private static List<List<String>> rows(List<Outcome> outcomes, Function<Use, String> figure) {
    return outcomes.stream()
        .map(
            outcome ->
                List.of(
                    outcome.name(),
                    figure.apply(outcome.idle()),
                    figure.apply(outcome.steady()),
                    figure.apply(outcome.draining())))
        .toList();
  }

  private static void chart(
      Report report,
      String name,
      String title,
      List<Outcome> outcomes,
      Function<Use, Number> figure) {
    report.chart(
        name,
        title,
        outcomes.stream().map(Outcome::name).toList(),
        outcomes.stream().map(outcome -> figure.apply(outcome.draining()).doubleValue()).toList());
  }
}
