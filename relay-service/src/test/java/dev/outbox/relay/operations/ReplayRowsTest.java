package dev.outbox.relay.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlMessage.Replay;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rows of a replay, read from a real table. */
@WithLocalStack
class ReplayRowsTest {

  private static final Selection ANY = new Selection(List.of(), null, null, null, null);
  private static final SourcePosition COMMAND = new SourcePosition(2, 77, 5);

  @AutoClose private OutboxDatabase database;
  private RelaySettings settings;

  @BeforeEach
  void createDatabase(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.of(database, "localhost:1", Map.of());
  }

  @Test
  void rowsComeWholeAndInOrderAtThePlacesThatTheirNumbersGive() {
    insertMany(1_200);
    database.execute(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload, headers, created_at)
        values ('0197a000-0000-7000-8000-000000000001', 'Invoice', 'ä', 'Deleted', null,
          '{"a":"b"}', '2026-05-01T10:00:00Z')
        """);
    List<OutboxEvent> rows = read(ANY, 3, 1_201);
    assertThat(rows).extracting(OutboxEvent::id).isEqualTo(database.eventIds().subList(2, 1_201));
    for (int i = 0; i < rows.size(); i++) {
      assertThat(rows.get(i).position()).isEqualTo(COMMAND.within(i));
    }
    OutboxEvent last = rows.get(rows.size() - 1);
    assertThat(last.aggregateType()).isEqualTo("Invoice");
    assertThat(last.aggregateId()).isEqualTo("ä");
    assertThat(last.type()).isEqualTo("Deleted");
    assertThat(last.payload()).isNull();
    assertThat(last.headers()).isEqualTo("{\"a\":\"b\"}");
    assertThat(last.committedAt()).isEqualTo(Instant.parse("2026-05-01T10:00:00Z"));
  }

  @Test
  void aRowKeepsItsPlaceWhenOthersAreRemoved() {
    insertMany(1_500);
    Map<String, SourcePosition> before = places(read(ANY, 1, 1_500));
    // When retention has removed rows before the command is carried out again
    database.execute("delete from outbox_event where seq % 3 = 0 or seq < 100");
    Map<String, SourcePosition> after = places(read(ANY, 1, 1_500));
    assertThat(after).hasSizeLessThan(before.size()).isNotEmpty();
    assertThat(before).containsAllEntriesOf(after);
  }

  @Test
  void allConditionsMustBeFulfilled() {
    String first = database.insert("Order", "1", "x");
    String second = database.insert("Order", "2", "x");
    String third = database.insert("Invoice", "1", "x");
    database.execute(
        "update outbox_event set created_at = '2026-05-01T00:00:00Z' where id = '%s'"
            .formatted(first));
    Instant may = Instant.parse("2026-05-01T00:00:00Z");
    assertThat(ids(select(null, null, null, null, first, third))).containsExactly(first, third);
    assertThat(ids(select("Order", null, null, null))).containsExactly(first, second);
    assertThat(ids(select("Order", "1", null, null))).containsExactly(first);
    assertThat(ids(select(null, "1", null, null))).containsExactly(first, third);
    assertThat(ids(select(null, null, may, may.plusSeconds(1)))).containsExactly(first);
    assertThat(ids(select(null, null, may.plusSeconds(1), null))).containsExactly(second, third);
    assertThat(ids(select("Order", "1", null, null, second))).isEmpty();
  }

  @Test
  void aPageIsBoundedByTheBytesOfItsPayloads() {
    database.execute("alter table outbox_event alter payload set storage external");
    for (int megabytes : new int[] {1, 2, 2, 6, 1}) {
      database.write(
          """
          insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
          values (gen_random_uuid(), 'Order', '1', 'Large', repeat('x', %d)::bytea)
          """
              .formatted(megabytes << 20));
    }
    ReplayRows rows = rows(ANY, 1, 5);
    List<Integer> pages = new ArrayList<>();
    for (List<OutboxEvent> page = rows.nextPage(); !page.isEmpty(); page = rows.nextPage()) {
      pages.add(page.size());
    }
    // Then the row that is larger than a page comes alone
    assertThat(pages).containsExactly(2, 1, 1, 1);
  }

  private ReplayRows rows(Selection selection, long first, long through) {
    return new ReplayRows(
        new SourceDatabase(settings),
        settings,
        new Replay(selection, null, first, through),
        COMMAND);
  }

  private List<OutboxEvent> read(Selection selection, long first, long through) {
    ReplayRows rows = rows(selection, first, through);
    List<OutboxEvent> all = new ArrayList<>();
    for (List<OutboxEvent> page = rows.nextPage(); !page.isEmpty(); page = rows.nextPage()) {
      all.addAll(page);
    }
    return all;
  }

  private List<String> ids(Selection selection) {
    return read(selection, 1, 100).stream().map(OutboxEvent::id).toList();
  }

  private static Selection select(
      @Nullable String type,
      @Nullable String aggregateId,
      @Nullable Instant from,
      @Nullable Instant to,
      String... ids) {
    return new Selection(
        List.of(ids).stream().map(UUID::fromString).toList(), type, aggregateId, from, to);
  }

  private static Map<String, SourcePosition> places(List<OutboxEvent> rows) {
    Map<String, SourcePosition> places = new HashMap<>();
    rows.forEach(row -> places.put(row.id(), row.position()));
    return places;
  }

  private void insertMany(int events) {
    database.write(
        """
        insert into outbox_event(id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', (i %% 7)::text, 'Many', '{}'
        from generate_series(1, %d) i
        """
            .formatted(events));
  }
}
