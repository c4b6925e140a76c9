package dev.outbox.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How long does an event take from the commit to a consumer? */
@Command(
    name = "latency",
    description = "From commit to consumer at steady rates.",
    mixinStandardHelpOptions = true)
final class LatencyCommand implements Runnable {

  @Option(
      names = "--rates",
      split = ",",
      defaultValue = "200,1000,5000",
      description = "transactions a second (default: ${DEFAULT-VALUE})")
  private List<Integer> rates = List.of();

  @Option(
      names = "--seconds",
      defaultValue = "20",
      description = "how long each rate is measured (default: ${DEFAULT-VALUE})")
  private int seconds;

  @Mixin private Contenders contenders = new Contenders();

  private record Outcome(String name, int rate, Durations latencies) {}

  @Override
  public void run() {
    Report report =
        new Report(
            "latency",
            "From commit to consumer",
            "bash benchmarks/run latency --seconds " + seconds);
    List<Outcome> outcomes = new ArrayList<>();
    try (Stack stack = Stack.start()) {
      report.add(Machine.describe(stack));
      SteadyLoad.warmUp(stack, contenders.all().get(0));
      for (Contender contender : contenders.all()) {
        outcomes.addAll(measure(stack, contender));
      }
    }
    for (int rate : rates) {
      add(report, rate, outcomes.stream().filter(outcome -> outcome.rate() == rate).toList());
    }
    report.write();
  }

  private List<Outcome> measure(Stack stack, Contender contender) {
    List<Outcome> outcomes = new ArrayList<>();
    try (SteadyLoad load = SteadyLoad.start(stack, contender)) {
      for (int rate : rates) {
        var unused = load.keep(rate, SteadyLoad.WARM_UP);
        Durations latencies = load.keep(rate, Duration.ofSeconds(seconds));
        outcomes.add(new Outcome(contender.name(), rate, latencies));
      }
    }
    return outcomes;
  }

  private static void add(Report report, int rate, List<Outcome> outcomes) {
    report.table(
        "%,d transactions a second, milliseconds".formatted(rate),
        List.of("", "median", "95 %", "99 %", "99.9 %"),
        outcomes.stream()
            .map(
                outcome ->
                    List.of(
                        outcome.name(),
                        millis(outcome, 0.5),
                        millis(outcome, 0.95),
                        millis(outcome, 0.99),
                        millis(outcome, 0.999)))
            .toList());
    report.chart(
        String.valueOf(rate),
        "99 %% of events within milliseconds, %,d a second".formatted(rate),
        outcomes.stream().map(Outcome::name).toList(),
        outcomes.stream().map(outcome -> outcome.latencies().millis(0.99)).toList());
  }

  private static String millis(Outcome outcome, double share) {
    return "%.1f".formatted(outcome.latencies().millis(share));
  }
}
