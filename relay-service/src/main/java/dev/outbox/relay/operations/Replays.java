package dev.outbox.relay.operations;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.control.ControlMessage.Replay;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.CommandLog;
import dev.outbox.relay.topics.TopicScan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Asks the relay to publish rows once more. The commands travel through the log, so the relay comes
 * to them when everything committed before stands on its topic; what it publishes has positions of
 * its own, beyond those.
 *
 * <p>Rows of a key that parking holds are left out: they would overtake the parked events.
 *
 * <p>For one thread.
 */
public final class Replays {

  /** Numbers that one command covers; what a crash interrupts is repeated from its beginning. */
  private static final int SPAN = 100_000;

  /** A wait that only the replay's end ends. */
  public static final Duration FOR_EVER = Duration.ofDays(10_000);

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final ParkedTable parked;
  private final ProgressListener progress;

  /**
   * @param progress told how far it is
   */
  public Replays(SourceDatabase database, RelaySettings settings, ProgressListener progress) {
    this.database = database;
    this.settings = settings;
    this.parked = new ParkedTable(settings);
    this.progress = progress;
  }

  /**
   * What is to be replayed.
   *
   * @param selection which rows
   * @param topic where they go; null is the topic that each belongs to
   * @param spans their numbers, cut into commands
   */
  public record Plan(Selection selection, @Nullable String topic, List<Span> spans) {
    public Plan {
      spans = List.copyOf(spans);
    }

    /** Rows that are selected. */
    public long rows() {
      return spans.stream().mapToLong(Span::rows).sum();
    }

    /** Those of them that are left out, since their keys are held by parking. */
    public long held() {
      return spans.stream().mapToLong(Span::held).sum();
    }
  }

  /** Selected rows with neighbouring numbers. */
  public record Span(long firstSeq, long throughSeq, long rows, long held) {}

  /**
   * Finds the rows. Waits for transactions that are writing to the outbox, so that the plan means
   * the same rows whenever it is carried out.
   *
   * @throws RelayException when the topic does not exist, or parking holds every selected row
   */
  public Plan plan(Selection selection, @Nullable String topic) throws InterruptedException {
    requireTopic(topic);
    long last =
        database.call(
            sql ->
                sql.sql(
                        "select coalesce(max(seq), 0) from %s"
                            .formatted(settings.tableName().quoted()))
                    .query(Long.class)
                    .single());
    new WriterBarrier(database, settings).await(progress);
    Plan plan =
        database.callPatiently(
            sql -> new Plan(selection, topic, spans(sql, selection, last, topic == null)));
    if (plan.rows() > 0 && plan.held() == plan.rows()) {
      throw new RelayException(
          Stage.OPERATIONS,
          "All %d selected rows belong to keys that parked events hold.".formatted(plan.rows()),
          "Release the keys first ('parked retry'), or replay to another topic with --topic.");
    }
    return plan;
  }

  private void requireTopic(@Nullable String topic) {
    if (topic == null) {
      return;
    }
    try (TopicScan topics = new TopicScan(settings)) {
      if (topics.existing(Set.of(topic)).isEmpty()) {
        throw new RelayException(
            Stage.OPERATIONS,
            "Topic '%s' does not exist.".formatted(topic),
            "Create it, or correct --topic.");
      }
    }
  }

  private List<Span> spans(JdbcClient sql, Selection selection, long last, boolean heldMatter) {
    String held =
        heldMatter && parked.exists(sql)
            ? """
              exists (select 1 from %s p where p.relay in (:relays) and p.state = 'parked'
                and p.aggregatetype = o.aggregatetype and p.aggregateid = o.aggregateid)
              """
                .formatted(parked.name().quoted())
            : "false";
    return SelectedRows.bind(
            sql.sql(
                """
                select min(o.seq), max(o.seq), count(*), count(*) filter (where %s)
                from %s o where o.seq <= :last and %s
                group by floor(o.seq::numeric / :span) order by 1
                """
                    .formatted(held, settings.tableName().quoted(), SelectedRows.CONDITION)),
            selection)
        .param("relays", names())
        .param("last", last)
        .param("span", SPAN)
        .query(
            (row, number) ->
                new Span(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4)))
        .list();
  }

  private List<String> names() {
    return settings.eachShard().stream().map(RelaySettings::name).toList();
  }

  /**
   * Commands that are written, and so will be carried out.
   *
   * @param places LSN behind which each has been carried out
   * @param rows how many rows each covers, those left out included
   */
  public record Written(List<Long> places, List<Long> rows) {
    public Written {
      places = List.copyOf(places);
      rows = List.copyOf(rows);
    }
  }

  /** Writes the commands; they are carried out now, whatever becomes of this process. */
  public Written write(Plan plan, Attribution asked) {
    List<Long> places = new ArrayList<>();
    for (Span span : plan.spans()) {
      Replay replay =
          new Replay(
              plan.selection(),
              plan.topic(),
              span.firstSeq(),
              span.throughSeq(),
              asked.by(),
              asked.reason());
      // Each in a transaction of its own: only what lies between transactions can be confirmed.
      places.add(write(replay));
    }
    return new Written(places, plan.spans().stream().map(Span::rows).toList());
  }

  /** Each shard publishes its own rows; the last command's place is behind those of the others. */
  private long write(Replay replay) {
    long place = 0;
    for (RelaySettings shard : settings.eachShard()) {
      place = new CommandLog(database, shard).write(replay);
    }
    return place;
  }

  /**
   * Waits until the relay has carried out the commands.
   *
   * @param patience longest wait for the next of them
   * @return whether it has
   * @throws RelayException when there is no slot, and so nobody will
   */
  public boolean awaitCarriedOut(Written written, Duration patience) throws InterruptedException {
    SlotPassage passage = new SlotPassage(database, settings);
    Optional<String> missing = passage.missing();
    if (missing.isPresent()) {
      throw new RelayException(
          Stage.OPERATIONS,
          "Replication slot '%s' does not exist.".formatted(missing.get()),
          "Run 'init', start the relay, and write the replay again.");
    }
    long all = written.rows().stream().mapToLong(Long::longValue).sum();
    long done = 0;
    for (int i = 0; i < written.places().size(); i++) {
      Progress soFar = Progress.of("Replaying", done, all, "rows");
      if (!passage.await(
          written.places().get(i), patience, look -> progress.at(soFar.with(look.detail())))) {
        return false;
      }
      done += written.rows().get(i);
    }
    progress.at(Progress.of("Replaying", done, all, "rows"));
    return true;
  }
}
