package dev.outbox.benchmarks;

import dev.outbox.benchmarks.Drain.Outcome;
import dev.outbox.benchmarks.ShardCosts.Limit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What does each further shard bring, what does it cost, and what follows for large systems? */
@Command(
    name = "shards",
    description = "A backlog drained through one, two, four slots; and what larger systems need.",
    mixinStandardHelpOptions = true)
final class ShardsCommand implements Runnable {

  @Option(
      names = "--events",
      defaultValue = "1000000",
      description = "events of the backlog (default: ${DEFAULT-VALUE})")
  private int events;

  @Option(
      names = "--shards",
      split = ",",
      defaultValue = "1,2,4",
      description = "numbers of shards, the first of them 1 (default: ${DEFAULT-VALUE})")
  private List<Integer> shards = List.of();

  @Option(
      names = "--writes",
      defaultValue = "10000",
      description =
          "transactions with one event each that a database of yours commits in a second, an"
              + " assumption (default: ${DEFAULT-VALUE})")
  private int writes;

  @Option(
      names = "--busy",
      defaultValue = "0.6",
      description =
          "share of a processor that is planned with, the rest is for peaks and for catching up"
              + " (default: ${DEFAULT-VALUE})")
  private double busy;

  @Option(
      names = "--replicas",
      defaultValue = "3",
      description = "brokers that have each record (default: ${DEFAULT-VALUE})")
  private int replicas;

  @Option(
      names = "--outage-minutes",
      defaultValue = "60",
      description = "how long Kafka may be away (default: ${DEFAULT-VALUE})")
  private int outageMinutes;

  /** What one partition takes without trouble, an assumption. */
  private static final double PARTITION_BYTES = 5e6;

  /** Of a record with 500 bytes of payload, its key and headers, before compression. */
  private static final double WIRE_BYTES = 800;

  @Override
  public void run() {
    Report report =
        new Report(
            "shards",
            "Shards",
            "bash benchmarks/run shards --events %d --shards %s"
                .formatted(
                    events, String.join(",", shards.stream().map(String::valueOf).toList())));
    ReceiveLogical client =
        Contenders.limit()
            .orElseThrow(() -> new BenchmarkException("pg_recvlogical is not on the PATH"));
    try (Stack stack = Stack.start()) {
      report.add(Machine.describe(stack));
      Workload backlog = new Workload(events, 500, 1, Workload.KEYS, Workload.PARTITIONS);
      Drain drain = new Drain(stack, List.of(), Optional.empty());
      var unused =
          new Drain(stack, List.of(relay(1, "pgoutput")), Optional.empty()).run(Workload.WARM_UP);
      stack.database().newOutbox();
      // Debezium's slots are never read by it here: they measure the server alone.
      for (int count : shards) {
        relay(count, "pgoutput").prepare(stack);
        relay(count, "debezium").prepare(stack);
      }
      long before = stack.database().logEnd();
      stack.database().write(backlog);
      double logBytes = (stack.database().logEnd() - before) / (double) events;
      List<Measured> measured = new ArrayList<>();
      for (int count : shards) {
        Duration stolenBefore = Machine.stolen();
        long begun = System.nanoTime();
        Outcome drained = drain.drain(relay(count, "pgoutput"), backlog);
        double processors =
            Runtime.getRuntime().availableProcessors()
                - (double) Machine.stolen().minus(stolenBefore).toNanos()
                    / (System.nanoTime() - begun);
        String slot = relay(count, "debezium").slots().get(0);
        Duration databaseBefore = stack.database().cpu();
        client.drain(stack.database(), slot);
        double decoded = seconds(stack.database().cpu().minus(databaseBefore));
        measured.add(new Measured(count, drained, processors, decoded));
      }
      ShardCosts costs = costs(measured.get(0), measured.get(measured.size() - 1));
      addMeasured(report, costs, measured);
      addNeeds(report, costs, logBytes);
    }
    report.write();
  }

  private static Relay relay(int shards, String engine) {
    return new Relay(engine, "at-least-once", shards, Optional.empty());
  }

  /**
   * What was measured with so many shards.
   *
   * @param drained by the relay, all shards at once
   * @param processors that the machine had meanwhile: all but what was stolen from it
   * @param decoded processor seconds for each event of the log that the first slot takes alone
   */
  private record Measured(int shards, Outcome drained, double processors, double decoded) {

    ProcessFigures relay() {
      return drained.used().orElseThrow();
    }
  }

  private ShardCosts costs(Measured alone, Measured most) {
    double relay = seconds(alone.relay().cpu());
    return ShardCosts.of(
        alone.decoded(),
        most.decoded(),
        most.shards(),
        relay,
        seconds(alone.drained().machine()) - seconds(alone.drained().database()) - relay);
  }

  private double seconds(Duration time) {
    return time.toNanos() / 1e9 / events;
  }

  private void addMeasured(Report report, ShardCosts costs, List<Measured> measured) {
    int processors = Runtime.getRuntime().availableProcessors();
    List<List<String>> rows = new ArrayList<>();
    for (Measured one : measured) {
      int count = one.shards();
      double expected = costs.rate(count, one.processors());
      double rate = one.drained().steadyRate();
      rows.add(
          List.of(
              String.valueOf(count),
              "%.1f".formatted(one.processors()),
              "%,.0f".formatted(rate),
              "%,.0f".formatted(expected),
              "%+.0f %%".formatted((rate / expected - 1) * 100),
              micros(seconds(one.drained().database())),
              micros(costs.server(count)),
              micros(seconds(one.relay().cpu())),
              micros(seconds(one.drained().machine())),
              "%,.0f".formatted(1 / one.decoded()),
              "%,.0f".formatted(costs.slotLimit(count)),
              String.valueOf(one.relay().peakResidentMegabytes())));
    }
    report.add(
        """
        One process of the relay (pgoutput, at-least-once) has all shards; everything shares %d \
        processors, less what the hypervisor gave to others meanwhile. µs are processor time for \
        each event. Expected is what follows from the processors that there were, the first \
        row and from the last slot alone: %s µs for an event that a slot delivers, %s µs for one \
        that it passes by, %s µs in the relay, %s µs for broker and everything else.
        """
            .formatted(
                processors,
                micros(costs.own()),
                micros(costs.foreign()),
                micros(costs.relay()),
                micros(costs.rest())));
    report.table(
        "Measured and expected: %,d events of 500 bytes, one per transaction".formatted(events),
        List.of(
            "shards",
            "processors",
            "events/s",
            "expected",
            "off by",
            "PostgreSQL, µs",
            "expected",
            "relay, µs",
            "machine, µs",
            "a slot alone, log events/s",
            "expected",
            "relay, resident MB"),
        rows);
  }

  private static String micros(double seconds) {
    return "%.1f".formatted(seconds * 1e6);
  }

  private void addNeeds(Report report, ShardCosts costs, double logBytes) {
    report.add(
        """
        ## What larger systems need
        By arithmetic from the figures above. Assumed, not measured: a database of yours commits \
        %,d transactions with one event each in a second (`--writes`); a processor is planned to be \
        %.0f %% busy; %d brokers have each record, each at the cost that broker, kernel and reader \
        had here; a partition takes 5 MB/s; every shard has a process of the relay, and a \
        processor of the server, to itself. An event is %,.0f bytes of log, and 800 bytes on the \
        wire.
        """
            .formatted(writes, busy * 100, replicas, logBytes));
    report.table(
        "One database: what breaks first",
        List.of("shards", "at events/s", "which is the limit of"),
        List.of(1, 2, 4, 8, 16).stream()
            .map(
                count -> {
                  Limit first = costs.first(count, writes / busy);
                  return List.of(
                      String.valueOf(count),
                      "%,.0f".formatted(first.perSecond() * busy),
                      first.name());
                })
            .toList());
    report.table(
        "Many databases, each as far as it goes",
        List.of(
            "events/s",
            "databases",
            "shards of each",
            "processors for decoding, in all",
            "processors for relays",
            "processors for brokers",
            "partitions",
            "to Kafka, MB/s",
            "between brokers, MB/s",
            "log kept of %d minutes, GB, each database".formatted(outageMinutes)),
        List.of(1_000, 10_000, 100_000, 1_000_000).stream()
            .map(rate -> needs(costs, rate, logBytes))
            .toList());
  }

  private List<String> needs(ShardCosts costs, int rate, double logBytes) {
    long databases = Math.max(1, (long) Math.ceil(rate / (double) writes));
    double each = rate / (double) databases;
    int count = 1;
    while (count < 32
        && (costs.slotLimit(count) * busy < each || count / costs.relay() * busy < each)) {
      count++;
    }
    double wire = rate * WIRE_BYTES;
    return List.of(
        "%,d".formatted(rate),
        "%,d".formatted(databases),
        String.valueOf(count),
        "%.1f".formatted(rate * costs.server(count) / busy),
        "%.1f".formatted(rate * costs.relay() / busy),
        "%.1f".formatted(rate * costs.rest() * replicas / busy),
        "%,.0f".formatted(Math.ceil(wire / PARTITION_BYTES)),
        "%,.1f".formatted(wire / 1e6),
        "%,.1f".formatted(wire * (replicas - 1) / 1e6),
        "%,.1f".formatted(each * logBytes * outageMinutes * 60 / 1e9));
  }
}
