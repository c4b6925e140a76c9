package dev.outbox.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.benchmarks.Slices.Outcome;
import dev.outbox.benchmarks.Slices.Variant;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What does an idempotency key cost a request? */
@Command(
    name = "http",
    description = "What an idempotency key costs a request, in atomic and in reserved mode.",
    mixinStandardHelpOptions = true)
final class HttpCommand implements Runnable {

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,8",
      description = "requests at once (default: ${DEFAULT-VALUE})")
  private List<Integer> threads = List.of();

  @Option(
      names = "--records",
      defaultValue = "1000000",
      description = "records of keys in the table that is not empty (default: ${DEFAULT-VALUE})")
  private long records;

  @Mixin private SliceOptions slices = new SliceOptions();

  @Override
  public void run() {
    Report report = new Report("http", "What an idempotency key costs", "bash benchmarks/run http");
    try (Database database = Database.start()) {
      report.add(Machine.describe(database));
      for (int requests : threads) {
        add(report, requests, measure(database, requests));
      }
    }
    report.write();
  }

  private List<Outcome> measure(Database database, int requests) {
    database.newOutbox();
    Orders.createTables(database);
    KeyedOrders.createTables(database, records);
    // A request in reserved mode holds a reservation beside the transaction of its step.
    try (HikariDataSource pool = database.pool(2 * requests);
        KeyedOrders empty = KeyedOrders.withEmptyTable(pool);
        KeyedOrders full = KeyedOrders.withFullTable(pool)) {
      full.placeSome();
      return slices
          .withThreads(requests)
          .run(
              List.of(
                  new Variant("no key", empty::placeWithoutKey),
                  new Variant("atomic, empty at first", empty::place),
                  new Variant("atomic, %,d records".formatted(records), full::place),
                  new Variant("reserved, one step", full::placeReserved),
                  new Variant("repeat of an answered request", full::repeat)));
    }
  }

  private static void add(Report report, int requests, List<Outcome> outcomes) {
    String title = requests == 1 ? "One request at a time" : requests + " requests at once";
    double without = outcomes.get(0).p99Millis();
    report.table(
        title,
        List.of(
            "", "requests/s", "median ms", "99 % ms", "longer than without key", "99 % longer by"),
        outcomes.stream()
            .map(
                outcome ->
                    List.of(
                        outcome.name(),
                        "%,.0f".formatted(outcome.perSecond()),
                        "%.2f".formatted(outcome.medianMillis()),
                        "%.2f".formatted(outcome.p99Millis()),
                        "%+.0f %%".formatted(outcome.overheadPercent()),
                        "%+.2f ms".formatted(outcome.p99Millis() - without)))
            .toList());
    report.chart(
        String.valueOf(requests),
        title + ": milliseconds within which 99 % are answered",
        outcomes.stream().map(Outcome::name).toList(),
        outcomes.stream().map(Outcome::p99Millis).toList());
  }
}
