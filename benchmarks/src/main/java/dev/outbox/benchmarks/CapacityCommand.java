package dev.outbox.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.benchmarks.Capacity.Demand;
import dev.outbox.benchmarks.Capacity.Need;
import dev.outbox.benchmarks.Capacity.Strategy;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What does recognising repeats take, on a scale that no test reaches? */
@Command(
    name = "capacity",
    description = "Bytes and servers that recognising repeats takes, from constants measured here.",
    mixinStandardHelpOptions = true)
final class CapacityCommand implements Runnable {

  @Option(
      names = "--rate",
      defaultValue = "1000000",
      description = "requests or events a second (default: ${DEFAULT-VALUE})")
  private long rate;

  @Option(
      names = "--window-hours",
      defaultValue = "24",
      description = "how long each is remembered (default: ${DEFAULT-VALUE})")
  private long windowHours;

  @Option(
      names = "--disk-gigabytes",
      defaultValue = "4000",
      description = "room of one server, an assumption (default: ${DEFAULT-VALUE})")
  private long diskGigabytes;

  @Option(
      names = "--memory-gigabytes",
      defaultValue = "64",
      description = "memory of one Redis server, an assumption (default: ${DEFAULT-VALUE})")
  private long memoryGigabytes;

  @Option(
      names = "--threads",
      defaultValue = "8",
      description = "requests at once while measuring (default: ${DEFAULT-VALUE})")
  private int threads;

  @Mixin private SliceOptions slices = new SliceOptions();

  @Override
  public void run() {
    Report report =
        new Report("capacity", "What recognising repeats takes", "bash benchmarks/run capacity");
    List<Strategy> strategies;
    try (Database database = Database.start()) {
      report.add(Machine.describe(database));
      database.newOutbox();
      Orders.createTables(database);
      try (HikariDataSource pool = database.pool(2 * threads)) {
        strategies = new Strategies(database, pool, slices.withThreads(threads)).measure();
      }
    }
    addConstants(report, strategies);
    addNeeds(report, strategies);
    report.write();
  }

  private static void addConstants(Report report, List<Strategy> strategies) {
    report.table(
        "Measured here",
        List.of("", "bytes kept of each", "bytes of log for each", "a second, one server"),
        strategies.stream()
            .map(
                strategy ->
                    List.of(
                        strategy.name(),
                        "%,.0f".formatted(strategy.bytesKept()),
                        "%,.0f".formatted(strategy.bytesLogged()),
                        "%,.0f".formatted(strategy.perSecond())))
            .toList());
  }

  private void addNeeds(Report report, List<Strategy> strategies) {
    Demand demand =
        new Demand(rate, Duration.ofHours(windowHours), diskGigabytes * 1e9, memoryGigabytes * 1e9);
    report.add(
        "One server has %,d GB of disk, one Redis server %,d GB of memory: assumptions, not measured.\n"
            .formatted(diskGigabytes, memoryGigabytes));
    report.table(
        "%,d a second, remembered for %d hours".formatted(rate, windowHours),
        List.of(
            "", "kept, TB", "log, MB/s", "servers for the room", "servers for the rate", "first"),
        strategies.stream()
            .map(
                strategy -> {
                  Need need = strategy.need(demand);
                  return List.of(
                      strategy.name(),
                      "%,.2f".formatted(need.bytesKept() / 1e12),
                      "%,.0f".formatted(need.bytesLoggedPerSecond() / 1e6),
                      "%,d".formatted(need.serversForRoom()),
                      "%,d".formatted(need.serversForRate()),
                      need.limit());
                })
            .toList());
  }
}
