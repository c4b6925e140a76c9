package dev.outbox.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.benchmarks.Slices.Outcome;
import dev.outbox.benchmarks.Slices.Variant;
import dev.outbox.writer.JdbcOutbox;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What do events cost the business transaction that writes them? */
@Command(
    name = "writer",
    description = "What events cost a business transaction, by library.",
    mixinStandardHelpOptions = true)
final class WriterCommand implements Runnable {

  private static final String TABLE = "outbox_event";

  /** Starting Spring's context takes one beside those of the writers. */
  private static final int SPARE_CONNECTIONS = 1;

  @Option(
      names = "--threads",
      split = ",",
      defaultValue = "1,8",
      description = "writers at once (default: ${DEFAULT-VALUE})")
  private List<Integer> threads = List.of();

  @Mixin private SliceOptions slices = new SliceOptions();

  @Override
  public void run() {
    Report report =
        new Report("writer", "What events cost a transaction", "bash benchmarks/run writer");
    try (Database database = Database.start()) {
      report.add(Machine.describe(database));
      report.add(
          "transaction-outbox %s, Spring Modulith %s\n"
              .formatted(
                  Machine.library("com.gruelbox", "transactionoutbox-core"),
                  Machine.library("org.springframework.modulith", "spring-modulith-events-core")));
      for (int writers : threads) {
        add(report, writers, measure(database, writers));
      }
    }
    report.write();
  }

  private List<Outcome> measure(Database database, int writers) {
    database.newOutbox();
    Orders.createTables(database);
    JdbcOutbox table = JdbcOutbox.withTable(TABLE);
    try (HikariDataSource pool = database.pool(writers + SPARE_CONNECTIONS);
        EventWriting rows = new JdbcOutboxWriting("writer library, table", table, pool);
        EventWriting messages =
            new JdbcOutboxWriting("writer library, log", JdbcOutbox.withLog(TABLE), pool);
        EventWriting gruelbox = new GruelboxWriting(pool);
        EventWriting modulith = new ModulithWriting(pool)) {
      List<Variant> variants = new ArrayList<>();
      variants.add(new Variant("no event", () -> rows.placeOrder(0)));
      for (EventWriting library : List.of(rows, messages, gruelbox, modulith)) {
        variants.add(new Variant(library.name() + ", one event", () -> library.placeOrder(1)));
        variants.add(new Variant(library.name() + ", ten events", () -> library.placeOrder(10)));
      }
      return slices.withThreads(writers).run(variants);
    }
  }

  private static void add(Report report, int writers, List<Outcome> outcomes) {
    String title = writers == 1 ? "One writer" : writers + " writers at once";
    report.table(
        title,
        List.of("", "transactions/s", "median ms", "99 % ms", "longer than without event"),
        outcomes.stream()
            .map(
                outcome ->
                    List.of(
                        outcome.name(),
                        "%,.0f".formatted(outcome.perSecond()),
                        "%.2f".formatted(outcome.medianMillis()),
                        "%.2f".formatted(outcome.p99Millis()),
                        "%+.0f %%".formatted(outcome.overheadPercent())))
            .toList());
    List<Outcome> withEvents = outcomes.subList(1, outcomes.size());
    report.chart(
        String.valueOf(writers),
        title + ": how much longer a transaction takes than without event, in per cent",
        withEvents.stream().map(Outcome::name).toList(),
        withEvents.stream().map(Outcome::overheadPercent).toList());
  }
}
