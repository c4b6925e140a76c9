package dev.outbox.relay.operations;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.AuditReport.Example;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.topics.Reach;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.core.simple.JdbcClient.StatementSpec;

/** The rows of the range, and what has been seen of each. For one thread. */
final class AuditedRows {

  private static final int PAGE = 20_000;
  private static final int LOOK_UP = 1_000;

  /** Bits of a row's state; the rest of it numbers the topic that the row belongs to. */
  private static final long SEEN = 1;

  private static final long PARKED = 2;
  private static final long DISCARDED = 4;
  private static final int TOPIC_SHIFT = 3;

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final ParkedTable parkedTable;
  private final PairTable rows = new PairTable();
  private final List<String> topics = new ArrayList<>();
  private final Map<String, Integer> topicNumbers = new HashMap<>();
  private @Nullable Instant oldest;
  private long lastSeq = Long.MIN_VALUE;

  AuditedRows(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.parkedTable = new ParkedTable(settings);
  }

  /** Reads the rows in pages, each in a transaction of its own, so that no vacuum waits. */
  void read(AuditRange range, ProgressListener progress) {
    int before;
    do {
      before = rows.size();
      var unused =
          database.callPatiently(
              sql -> {
                page(sql, range).query((RowCallbackHandler) row -> add(row));
                return rows;
              });
      progress.at(Progress.counting("Reading rows", rows.size(), "rows"));
    } while (rows.size() > before);
  }

  private StatementSpec page(JdbcClient sql, AuditRange range) {
    return sql.sql(
            """
            select seq, id, aggregatetype, created_at from %s
            where seq > :after
              and (cast(:from as timestamptz) is null or created_at >= :from)
              and (cast(:to as timestamptz) is null or created_at < :to)
            order by seq limit :page
            """
                .formatted(settings.tableName().quoted()))
        .param("after", lastSeq)
        .param("from", timestamp(range.from()))
        .param("to", timestamp(range.to()))
        .param("page", PAGE);
  }

  private static @Nullable Timestamp timestamp(@Nullable Instant moment) {
    return moment == null ? null : Timestamp.from(moment);
  }

  private void add(ResultSet row) throws SQLException {
    lastSeq = row.getLong(1);
    UUID id = row.getObject(2, UUID.class);
    Instant createdAt = row.getTimestamp(4).toInstant();
    if (oldest == null || createdAt.isBefore(oldest)) {
      oldest = createdAt;
    }
    rows.add(
        id.getMostSignificantBits(),
        id.getLeastSignificantBits(),
        lastSeq,
        (long) topicNumber(row.getString(3)) << TOPIC_SHIFT);
  }

  private int topicNumber(String aggregateType) {
    return topicNumbers.computeIfAbsent(
        aggregateType,
        type -> {
          topics.add(settings.topicTemplate().replace("{aggregatetype}", type));
          return topics.size() - 1;
        });
  }

  long size() {
    return rows.size();
  }

  /** The topics that the rows belong to, whether they exist or not. */
  Set<String> topics() {
    return new HashSet<>(topics);
  }

  /** When the first of them was written; null when there is no row. */
  @Nullable Instant oldest() {
    return oldest;
  }

  /**
   * Remembers which rows are set aside. To be called once the slot has passed the rows: what is
   * still under way may yet be parked.
   */
  void markSetAside() {
    var unused =
        database.callPatiently(
            sql -> {
              if (parkedTable.exists(sql)) {
                mark(sql, "parked", PARKED);
                mark(sql, "discarded", DISCARDED);
              }
              return rows;
            });
  }

  private void mark(JdbcClient sql, String state, long bit) {
    sql.sql(
            "select id from %s where relay in (:relays) and state = :state and id is not null"
                .formatted(parkedTable.name().quoted()))
        .param("relays", settings.eachShard().stream().map(RelaySettings::name).toList())
        .param("state", state)
        .query(
            (RowCallbackHandler)
                row -> {
                  int place = find(row.getObject(1, UUID.class));
                  if (place >= 0) {
                    rows.set(place, rows.number(place), rows.other(place) | bit);
                  }
                });
  }

  private int find(UUID id) {
    return rows.find(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  /** What a record is to the rows. */
  enum Match {
    /** The first record of a row. */
    FIRST,
    /** A further one. */
    REPEAT,
    /** No row of the range belongs on this topic. */
    NONE
  }

  Match see(UUID id, String topic) {
    int place = find(id);
    if (place < 0) {
      return Match.NONE;
    }
    long state = rows.other(place);
    if (!topics.get((int) (state >>> TOPIC_SHIFT)).equals(topic)) {
      return Match.NONE;
    }
    if ((state & SEEN) != 0) {
      return Match.REPEAT;
    }
    rows.set(place, rows.number(place), state | SEEN);
    return Match.FIRST;
  }

  /** How the rows divide. */
  record Outcome(
      long published,
      long parked,
      long discarded,
      long pending,
      long expired,
      AuditReport.Finding lost) {}

  /**
   * Settles what became of each row.
   *
   * @param decided whether the slot has passed all rows
   * @param reach how far back topics reach, for those that do not reach to their beginning
   */
  Outcome settle(boolean decided, Map<String, Reach> reach, ProgressListener progress) {
    Tally tally = new Tally(decided, reach, progress);
    rows.forEachPlace(tally::count);
    return tally.outcome();
  }

  /** Goes through all rows once; asks the database only about those that are missing. */
  private final class Tally {
    private final boolean decided;
    private final Map<String, Reach> reach;
    private final ProgressListener progress;
    private final List<Long> missing = new ArrayList<>();
    private final Findings lost = new Findings();
    private long published;
    private long parked;
    private long discarded;
    private long pending;
    private long expired;

    Tally(boolean decided, Map<String, Reach> reach, ProgressListener progress) {
      this.decided = decided;
      this.reach = reach;
      this.progress = progress;
    }

    void count(int place) {
      long state = rows.other(place);
      if ((state & SEEN) != 0) {
        published++;
      } else if ((state & PARKED) != 0) {
        parked++;
      } else if ((state & DISCARDED) != 0) {
        discarded++;
      } else if (!decided) {
        pending++;
      } else {
        missing.add(rows.number(place));
      }
    }

    /** In the order of the table, so that the examples are the first ones. */
    Outcome outcome() {
      missing.sort(null);
      for (int from = 0; from < missing.size(); from += LOOK_UP) {
        lookUp(missing.subList(from, Math.min(from + LOOK_UP, missing.size())));
        progress.at(
            Progress.of(
                "Looking up rows that are missing",
                Math.min(from + LOOK_UP, missing.size()),
                missing.size(),
                "rows"));
      }
      return new Outcome(published, parked, discarded, pending, expired, lost.finding());
    }

    private void lookUp(List<Long> seqs) {
      int unreadable =
          seqs.size()
              - database.callPatiently(
                  sql ->
                      sql.sql(
                              """
                              select seq, id, aggregatetype, aggregateid, type, created_at
                              from %s where seq = any(cast(:seqs as bigint[])) order by seq
                              """
                                  .formatted(settings.tableName().quoted()))
                          .param("seqs", "{" + String.join(",", texts(seqs)) + "}")
                          .query((row, number) -> decide(row))
                          .list()
                          .size());
      for (int i = 0; i < unreadable; i++) {
        lost.add(() -> new Example("(unknown)", "the row has been deleted meanwhile"));
      }
    }

    private boolean decide(ResultSet row) throws SQLException {
      Instant createdAt = row.getTimestamp(6).toInstant();
      String type = row.getString(3);
      String topic = settings.topicTemplate().replace("{aggregatetype}", type);
      Reach reached = reach.get(topic);
      if (reached != null
          && createdAt.isBefore(reached.completeSince(row.getString(4).getBytes(UTF_8)))) {
        expired++;
        return false;
      }
      String id = row.getString(2);
      String about =
          "seq %d, %s of %s %s, created %s"
              .formatted(row.getLong(1), row.getString(5), type, row.getString(4), createdAt);
      lost.add(() -> new Example(id, about));
      return true;
    }

    private static List<String> texts(List<Long> numbers) {
      return numbers.stream().map(String::valueOf).toList();
    }
  }

  /** Which of these events have a row at all, in the range or outside. */
  Set<UUID> withRow(List<UUID> ids) {
    return new HashSet<>(
        database.callPatiently(
            sql ->
                sql.sql(
                        "select id from %s where id = any(cast(:ids as uuid[]))"
                            .formatted(settings.tableName().quoted()))
                    .param(
                        "ids",
                        "{" + String.join(",", ids.stream().map(UUID::toString).toList()) + "}")
                    .query((row, number) -> row.getObject(1, UUID.class))
                    .list()));
  }
}
