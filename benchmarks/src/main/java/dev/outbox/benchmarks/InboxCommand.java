package dev.outbox.benchmarks;

import com.zaxxer.hikari.HikariDataSource;
import dev.outbox.benchmarks.Slices.Outcome;
import dev.outbox.benchmarks.Slices.Variant;
import dev.outbox.idempotency.inbox.Inbox;
import dev.outbox.idempotency.inbox.InboxTable;
import dev.outbox.idempotency.inbox.PositionInbox;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What does it cost a consumer to apply events once? */
@Command(
    name = "inbox",
    description = "Records a second with the inbox's marker in the business transaction.",
    mixinStandardHelpOptions = true)
final class InboxCommand implements Runnable {

  private static final InboxTable EMPTY = InboxTable.DEFAULT;
  private static final InboxTable FULL = InboxTable.named("inbox_full");

  @Option(
      names = "--batches",
      split = ",",
      defaultValue = "1,100,1000",
      description = "records of a batch (default: ${DEFAULT-VALUE})")
  private List<Integer> batches = List.of();

  @Option(
      names = "--markers",
      defaultValue = "10000000",
      description = "markers in the table that is not empty (default: ${DEFAULT-VALUE})")
  private long markers;

  @Mixin private SliceOptions slices = new SliceOptions();

  @Override
  public void run() {
    Report report = new Report("inbox", "What the inbox costs", "bash benchmarks/run inbox");
    try (Database database = Database.start()) {
      report.add(Machine.describe(database));
      createTables(database);
      try (HikariDataSource pool = database.pool(1)) {
        long next = 1;
        for (int batch : batches) {
          Consumption consumption = new Consumption(pool, batch, markers, next);
          add(report, batch, slices.withThreads(1).run(variants(consumption)));
          next = consumption.next();
        }
      }
    }
    report.write();
  }

  private void createTables(Database database) {
    database.newOutbox();
    Consumption.createTable(database);
    database.apply("inbox_event.sql");
    database.apply("inbox_position.sql");
    database.execute(
        "create table %s (like %s including all)".formatted(FULL.name(), EMPTY.name()));
    Consumption.fill(database, FULL, markers);
  }

  private List<Variant> variants(Consumption consumption) {
    Inbox empty = Consumption.inbox(EMPTY);
    Inbox full = Consumption.inbox(FULL);
    PositionInbox positions = Consumption.positions();
    return List.of(
        new Variant("without inbox", consumption::applyWithoutInbox),
        new Variant("by position", () -> consumption.applyByPosition(positions)),
        new Variant("inbox, empty at first", () -> consumption.applyNew(empty)),
        new Variant("inbox, %,d markers".formatted(markers), () -> consumption.applyNew(full)),
        new Variant(
            "redelivery, %,d markers".formatted(markers),
            () -> consumption.applyRedelivered(full)));
  }

  private static void add(Report report, int batch, List<Outcome> outcomes) {
    String title = batch == 1 ? "Single records" : "Batches of %,d records".formatted(batch);
    report.table(
        title,
        List.of("", "records/s", "median ms of a batch", "99 % ms", "longer than without inbox"),
        outcomes.stream()
            .map(
                outcome ->
                    List.of(
                        outcome.name(),
                        "%,.0f".formatted(outcome.perSecond() * batch),
                        "%.2f".formatted(outcome.medianMillis()),
                        "%.2f".formatted(outcome.p99Millis()),
                        "%+.0f %%".formatted(outcome.overheadPercent())))
            .toList());
    report.chart(
        String.valueOf(batch),
        title + ": records a second",
        outcomes.stream().map(Outcome::name).toList(),
        outcomes.stream().map(outcome -> outcome.perSecond() * batch).toList());
  }
}
