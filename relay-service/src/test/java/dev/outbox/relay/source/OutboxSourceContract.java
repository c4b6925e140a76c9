package dev.outbox.relay.source;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.OutboxEvent;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.slot.Initialization;
import dev.outbox.relay.slot.Preflight;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import dev.outbox.relay.slot.PublishedPosition;
import dev.outbox.relay.slot.SlotWatch;
import dev.outbox.relay.source.SourceItem.Decoded;
import dev.outbox.relay.source.SourceItem.Ignored;
import dev.outbox.relay.source.SourceItem.Undecodable;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** What every engine promises, on a real server. */
@WithLocalStack
@NullMarked
public abstract class OutboxSourceContract {

  private final ExecutorService threads = Executors.newCachedThreadPool();
  @AutoClose protected OutboxDatabase database;
  protected RelaySettings settings;

  /** The engine under test. */
  protected abstract OutboxSource source(RelaySettings settings, SlotStart start);

  @BeforeEach
  void initialise(PostgresServer server) {
    database = OutboxDatabase.create(server);
    database.roles().grantWithMessages();
    settings = TestSettings.of(database, "localhost:1", Map.of());
    new Initialization(new SourceDatabase(settings), settings).run(false);
  }

  @AfterEach
  void endThreads() throws InterruptedException {
    threads.shutdownNow();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void aCommittedRowBecomesAnEventWithEverythingTheRowSays() throws Exception {
    // Given a row with all columns, and one with only what is mandatory
    database.write(
        """
        insert into outbox_event (id, aggregatetype, aggregateid, type, payload, headers) values
          ('0197a000-0000-7000-8000-000000000001', 'Order', 'ä-1', 'Placed', '\\x00ff41', '{"a":"b"}'),
          ('0197a000-0000-7000-8000-000000000002', 'Order', '2', 'Gone', null, null)
        """);
    // When they are read
    try (Run run = new Run()) {
      run.awaitEvents(2);
      // Then nothing is missing or altered
      OutboxEvent first = run.events().get(0);
      assertThat(first.id()).isEqualTo("0197a000-0000-7000-8000-000000000001");
      assertThat(first.aggregateType()).isEqualTo("Order");
      assertThat(first.aggregateId()).isEqualTo("ä-1");
      assertThat(first.type()).isEqualTo("Placed");
      assertThat(first.payload()).isEqualTo(new byte[] {0, (byte) 0xff, 'A'});
      assertThat(first.headers()).isEqualTo("{\"a\":\"b\"}");
      assertThat(first.committedAt().toString())
          .startsWith(String.valueOf(database.query("select to_char(now(), 'YYYY-MM-DD')")));
      OutboxEvent second = run.events().get(1);
      assertThat(second.payload()).isNull();
      assertThat(second.headers()).isNull();
    }
  }

  @Test
  void aRolledBackTransactionAndChangesOfRowsAreNoEvents() throws Exception {
    // Given a rolled-back insert, and a row that is changed and deleted after its insert
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      OutboxDatabase.insert(connection, "Order", "1", "rolled back");
      connection.rollback();
    }
    String id = database.insert("Order", "1", "committed");
    database.execute("update outbox_event set payload = 'changed'");
    database.execute("delete from outbox_event");
    String last = database.insert("Order", "1", "last");
    // When the log is read to its end
    try (Run run = new Run()) {
      run.awaitEvents(2);
      // Then only the committed inserts are events
      assertThat(run.ids()).containsExactly(id, last);
      assertThat(new String(run.events().get(0).payload(), UTF_8)).isEqualTo("committed");
    }
  }

  @Test
  void interleavedTransactionsOfRowsAndMessagesComeInCommitOrderWithGrowingPositions()
      throws Exception {
    // Given transactions that begin and write in one order and commit in another
    List<String> committed = new ArrayList<>();
    interleave(new Random(7), 60, committed);
    // When they are read
    try (Run run = new Run()) {
      run.awaitEvents(committed.size());
      // Then they come in commit order, and their positions grow strictly, also as text
      assertThat(run.ids()).isEqualTo(committed);
      List<SourcePosition> positions = run.positions();
      assertThat(positions).isSorted().doesNotHaveDuplicates();
      assertThat(positions.stream().map(SourcePosition::asText).toList()).isSorted();
    }
  }

  @Test
  void anEventReadAgainHasTheSamePosition() throws Exception {
    List<String> committed = new ArrayList<>();
    interleave(new Random(11), 80, committed);
    assertReadAgainAtTheSamePlace(committed, new Random(12));
  }

  /** Whoever changes the engine goes on at the same positions. */
  protected void assertReadsTheSameAs(BiFunction<RelaySettings, SlotStart, OutboxSource> other)
      throws Exception {
    List<String> committed = new ArrayList<>();
    interleave(new Random(13), 80, committed);
    List<OutboxEvent> byThisEngine = readWithoutConfirming(this::source, committed.size());
    assertThat(readWithoutConfirming(other, committed.size()))
        .usingRecursiveFieldByFieldElementComparator()
        .isEqualTo(byThisEngine);
  }

  private List<OutboxEvent> readWithoutConfirming(
      BiFunction<RelaySettings, SlotStart, OutboxSource> engine, int events) throws Exception {
    try (Run run = new Run(0, engine)) {
      run.awaitEvents(events);
      return List.copyOf(run.events());
    }
  }

  /** Breaks runs off after confirming up to some event, until the last one is confirmed. */
  private void assertReadAgainAtTheSamePlace(List<String> expected, Random random)
      throws Exception {
    Map<String, SourcePosition> seen = new LinkedHashMap<>();
    int repeats = 0;
    int rest = expected.size();
    for (int confirmed = 0; confirmed < rest; ) {
      confirmed = 1 + random.nextInt(expected.size() / 2);
      try (Run run = new Run(confirmed)) {
        run.awaitEvents(1);
        // Whole transactions are read again, from the confirmed one on, and nothing is missing.
        int first = expected.indexOf(run.ids().get(0));
        rest = expected.size() - first;
        run.awaitEvents(rest);
        assertThat(run.ids()).isEqualTo(expected.subList(first, expected.size()));
        for (OutboxEvent event : run.events()) {
          SourcePosition before = seen.putIfAbsent(event.id(), event.position());
          if (before != null) {
            assertThat(event.position()).isEqualTo(before);
            repeats++;
          }
        }
      }
    }
    assertThat(repeats).as("events read again").isPositive();
    assertThat(List.copyOf(seen.values())).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void theSlotIsOnlyEverConfirmedAtTheEndOfACommit() throws Exception {
    // Given a slot that has been confirmed up to an event, and other traffic behind that
    String before = String.valueOf(database.query("select pg_current_wal_lsn()"));
    database.insert("Order", "1", "first");
    String confirmed;
    try (Run run = new Run()) {
      run.awaitEvents(1);
      await().atMost(PATIENCE).until(() -> isConfirmedBeyond(before));
      confirmed = database.confirmedLsn();
      // When the log grows without outbox events, and keep-alives tell the client so
      database.execute(
          "create table other (id int); insert into other select generate_series(1,1000)");
      database.execute("select pg_switch_wal()");
      int calls = run.calls();
      await().atMost(PATIENCE).until(() -> run.calls() > calls + 30);
    }
    // Then the slot has not moved to a place between commits
    assertThat(database.confirmedLsn()).isEqualTo(confirmed);
  }

  @Test
  void rowsThatShareAnLsnSurviveRestartsInTheirMidst() throws Exception {
    // Given rows of COPY and of multi-row inserts, which share log positions
    try (Connection connection = database.connect()) {
      for (int chunk = 0; chunk < 2; chunk++) {
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < 200; row++) {
          rows.append(UUID.randomUUID()).append("\tOrder\t").append(row % 7).append("\tCopied\n");
        }
        connection
            .unwrap(PGConnection.class)
            .getCopyAPI()
            .copyIn(
                "copy outbox_event (id, aggregatetype, aggregateid, type) from stdin",
                new StringReader(rows.toString()));
        database.write(
            """
            insert into outbox_event (id, aggregatetype, aggregateid, type)
            select gen_random_uuid(), 'Order', i % 7, 'Inserted' from generate_series(1, 150) i
            """);
      }
    }
    // When runs are broken off in the midst of such transactions, every row comes nevertheless
    assertReadAgainAtTheSamePlace(database.eventIds(), new Random(3));
  }

  @Test
  void whateverTheHandlerThrowsEndsTheRunAndSkipsNothing() throws Exception {
    // Given events
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      expected.add(database.insert("Order", "1", "event " + i));
    }
    for (RuntimeException thrown : failuresOfAHandler()) {
      // When the handler fails in its first batch
      try (OutboxSource source = source(settings, start())) {
        assertThatThrownBy(
                () ->
                    source.run(
                        (batch, more, confirmation) -> {
                          if (batch.iterator().next() instanceof Decoded) {
                            throw thrown;
                          }
                          return true;
                        }))
            // Then the run ends with that failure
            .isSameAs(thrown);
      }
    }
    // And the next run begins with the same events
    try (Run run = new Run()) {
      run.awaitEvents(expected.size());
      assertThat(run.ids()).isEqualTo(expected);
    }
  }

  /** Failures that engines are known to treat in ways of their own. */
  protected List<RuntimeException> failuresOfAHandler() {
    return List.of(new IllegalStateException("scripted"));
  }

  @Test
  void closingIsIdempotentInEveryState() throws Exception {
    // Given one source that never ran, one that is starting, and one that is streaming
    OutboxSource unused = source(settings, start());
    OutboxSource starting = source(settings, start());
    Future<?> run =
        threads.submit(
            () -> {
              starting.run((batch, more, confirmation) -> true);
              return null;
            });
    // When each is closed, several times, from several threads
    unused.close();
    unused.close();
    Future<?> other = threads.submit(starting::close);
    starting.close();
    other.get(30, TimeUnit.SECONDS);
    // Then the run ends without a failure, and the slot is free
    run.get(30, TimeUnit.SECONDS);
    starting.close();
    Run streaming = new Run();
    streaming.awaitCalls(3);
    streaming.close();
    streaming.close();
    assertThat(
            database.query(
                "select active from pg_replication_slots where slot_name = '"
                    + database.slot()
                    + "'"))
        .isEqualTo("f");
  }

  @Test
  void aHandlerThatClosingBreaksOffIsNoFailure() throws Exception {
    // Given a handler that waits, as for a database
    CountDownLatch waiting = new CountDownLatch(1);
    OutboxSource source = source(settings, start());
    Future<?> run =
        threads.submit(
            () -> {
              source.run(
                  (batch, more, confirmation) -> {
                    waiting.countDown();
                    try {
                      Thread.sleep(TimeUnit.MINUTES.toMillis(1));
                    } catch (InterruptedException e) {
                      throw new IllegalStateException("broken off", e);
                    }
                    return true;
                  });
              return null;
            });
    waiting.await();
    // When the source is closed
    source.close();
    // Then the run ends without a failure
    run.get(30, TimeUnit.SECONDS);
  }

  @Test
  void theEndOfTheConnectionEndsTheRun() throws Exception {
    // Given a run that waits for something to read
    OutboxSource source = source(settings, start());
    CountDownLatch reading = new CountDownLatch(1);
    Future<?> run =
        threads.submit(
            () -> {
              source.run(
                  (batch, more, confirmation) -> {
                    reading.countDown();
                    return true;
                  });
              return null;
            });
    reading.await();
    // When the server ends its connection
    database.execute(
        "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '"
            + database.slot()
            + "'");
    // Then the run fails, so that a new one begins
    assertThatThrownBy(() -> run.get(30, TimeUnit.SECONDS))
        .hasCauseInstanceOf(RelayException.class);
  }

  @Test
  void theHandlerIsCalledWhileTheLogIsSilent() throws Exception {
    try (Run run = new Run()) {
      database.insert("Order", "1", "the only one");
      run.awaitEvents(1);
      int calls = run.calls();
      await().atMost(PATIENCE).until(() -> run.calls() > calls + 5);
      assertThat(run.events()).hasSize(1);
    }
  }

  @Test
  void aHeartbeatIsPassedByAndGivesTheSlotSomethingToConfirm() throws Exception {
    // Given a stream that has come to rest
    try (Run run = new Run()) {
      String before = database.confirmedLsn();
      // When the relay beats
      new SlotWatch(new SourceDatabase(settings), settings).beat();
      // Then it is no event, and the slot moves
      await().atMost(PATIENCE).until(() -> run.ignored() > 0);
      await().atMost(PATIENCE).until(() -> !database.confirmedLsn().equals(before));
      assertThat(run.events()).isEmpty();
    }
  }

  @Test
  void foreignLogicalMessagesAndTablesAreNoEvents() throws Exception {
    database.execute("create table other (id int primary key, id2 text)");
    try (Run run = new Run()) {
      database.execute("select pg_logical_emit_message(true, 'somebody else', 'x')");
      database.execute("select pg_logical_emit_message(false, 'somebody else', 'x')");
      database.execute("insert into other values (1, 'x')");
      String id = database.insert("Order", "1", "mine");
      run.awaitEvents(1);
      assertThat(run.ids()).containsExactly(id);
    }
  }

  @Test
  void aMessageWrittenWithPlainSqlBecomesAnEventWithEverythingItSays() throws Exception {
    // Given messages as the guide shows them, with and without headers and payload
    database.execute(
        """
        begin;
        insert into outbox_event (id, aggregatetype, aggregateid, type)
          values ('0197a000-0000-7000-8000-000000000001', 'Order', '1', 'Row');
        select pg_logical_emit_message(true, 'outbox', convert_to(jsonb_build_object(
          'outbox', 'public.outbox_event', 'id', '0197A000-0000-7000-8000-000000000002',
          'aggregatetype', 'Order', 'aggregateid', E'ä"\\n1', 'type', 'Placed',
          'headers', jsonb_build_object('a', 'b'))::text || E'\\n', 'UTF8') || '\\x00ff0a410a');
        select pg_logical_emit_message(true, 'outbox', convert_to(jsonb_build_object(
          'outbox', 'public.outbox_event', 'id', '0197a000-0000-7000-8000-000000000003',
          'aggregatetype', 'Order', 'aggregateid', '3', 'type', 'Gone')::text, 'UTF8'));
        select pg_logical_emit_message(true, 'outbox', convert_to(jsonb_build_object(
          'outbox', 'public.outbox_event', 'id', '0197a000-0000-7000-8000-000000000004',
          'aggregatetype', 'Order', 'aggregateid', '4', 'type', 'Empty', 'headers', null)::text
          || E'\\n', 'UTF8'));
        insert into outbox_event (id, aggregatetype, aggregateid, type)
          values ('0197a000-0000-7000-8000-000000000005', 'Order', '5', 'Row');
        commit;
        """);
    // When they are read
    try (Run run = new Run()) {
      run.awaitEvents(5);
      // Then they are as given, and stand between the rows of their transaction
      OutboxEvent full = run.events().get(1);
      assertThat(full.id()).isEqualTo("0197a000-0000-7000-8000-000000000002");
      assertThat(full.aggregateType()).isEqualTo("Order");
      assertThat(full.aggregateId()).isEqualTo("ä\"\n1");
      assertThat(full.type()).isEqualTo("Placed");
      assertThat(full.payload()).isEqualTo(new byte[] {0, (byte) 0xff, '\n', 'A', '\n'});
      assertThat(full.headers()).isEqualTo("{\"a\":\"b\"}");
      assertThat(full.committedAt()).isEqualTo(run.events().get(0).committedAt());
      assertThat(run.events().get(2).payload()).isNull();
      assertThat(run.events().get(2).headers()).isNull();
      assertThat(run.events().get(3).payload()).isEmpty();
      assertThat(run.events().get(3).headers()).isNull();
      assertThat(run.ids()).isSorted();
      assertThat(run.positions()).extracting(SourcePosition::index).containsExactly(0, 1, 2, 3, 4);
      assertThat(run.positions())
          .extracting(SourcePosition::transaction)
          .containsOnly(run.positions().get(0).transaction());
    }
  }

  @Test
  void aLargeMessageComesWhole() throws Exception {
    byte[] payload = new byte[1_000_000];
    new Random(5).nextBytes(payload);
    try (Connection connection = database.connect()) {
      OutboxDatabase.emit(connection, "Order", "1", payload);
    }
    try (Run run = new Run()) {
      run.awaitEvents(1);
      assertThat(run.events().get(0).payload()).isEqualTo(payload);
    }
  }

  @Test
  void aRolledBackMessageIsNoEvent() throws Exception {
    String committed;
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      OutboxDatabase.emit(connection, "Order", "1", null);
      connection.rollback();
      OutboxDatabase.emit(connection, "Order", "1", null);
      connection.rollback();
      committed = OutboxDatabase.emit(connection, "Order", "1", null);
      connection.commit();
    }
    try (Run run = new Run()) {
      run.awaitEvents(1);
      assertThat(run.ids()).containsExactly(committed);
    }
  }

  @Test
  void messagesToAnotherRelayAndWithoutTransactionArePassedBy() throws Exception {
    try (Run run = new Run()) {
      // Given a message to another relay, with fields that this version does not know
      database.execute(
          """
          select pg_logical_emit_message(true, 'outbox',
            '{"more": 1, "outbox": "sales.outbox_event"}')
          """);
      // And one of this relay's that is published although its transaction is rolled back
      try (Connection connection = database.connect()) {
        connection.setAutoCommit(false);
        emitWithoutTransaction(connection, true);
        connection.rollback();
      }
      String last = database.insert("Order", "1", "last");
      run.awaitEvents(1);
      // Then neither is an event
      assertThat(run.ids()).containsExactly(last);
      assertThat(run.undecodable()).isEmpty();
      assertThat(run.ignored()).isEqualTo(2);
      assertThat(run.positions()).extracting(SourcePosition::index).containsExactly(0);
    }
  }

  @Test
  void aMalformedMessageIsNamedAndDoesNotHideWhatFollows() throws Exception {
    try (Run run = new Run()) {
      database.execute("select pg_logical_emit_message(true, 'outbox', 'secret')");
      database.execute(
          """
          select pg_logical_emit_message(true, 'outbox', '{"outbox": "public.outbox_event",
            "id": "0197a000-0000-7000-8000-000000000001", "aggregatetype": "Order"}' || E'\\nsecret')
          """
              .replace("\n  ", " "));
      String last = database.insert("Order", "1", "last");
      run.awaitEvents(1);
      assertThat(run.ids()).containsExactly(last);
      assertThat(run.undecodable())
          .extracting(item -> item.subject() + ": " + item.reason())
          .containsExactly(
              "a message without readable id: its first line is not valid JSON at character 1",
              "message 0197a000-0000-7000-8000-000000000001: aggregateid is missing");
    }
  }

  @Test
  void aTableAndSchemaWithOddNamesAreRead() throws Exception {
    // Given an outbox in a schema and table whose names are full of traps
    String odd = "\"Odd, [schema]*\".\"out-box (1)|x\"";
    database.execute("create schema \"Odd, [schema]*\"");
    database.execute("create table " + odd + " (like outbox_event including all)");
    Map<String, String> more =
        new HashMap<>(
            Map.of(
                "name",
                "odd",
                "slot",
                database.slot() + "_odd",
                "publication",
                database.slot() + "_odd",
                "table",
                "Odd, [schema]*.out-box (1)|x"));
    // Made by the administrator, without the roles' rights.
    more.putAll(TestSettings.as(database.administrator()));
    settings = TestSettings.of(database, "localhost:1", more);
    new Initialization(new SourceDatabase(settings), settings).run(false);
    // When a row is written to it
    try (Run run = new Run()) {
      database.execute(
          "insert into "
              + odd
              + " (id, aggregatetype, aggregateid, type)"
              + " values (gen_random_uuid(), 'Order', '1', 'Odd')");
      // Then it is an event
      run.awaitEvents(1);
    }
  }

  private boolean isConfirmedBeyond(String lsn) {
    return "t"
        .equals(
            database.query(
                "select '%s'::pg_lsn > '%s'::pg_lsn".formatted(database.confirmedLsn(), lsn)));
  }

  /** Where the slot stands. */
  protected final SlotStart start() {
    return await()
                .atMost(PATIENCE)
                .until(
                    () -> new Preflight(new SourceDatabase(settings), settings).check(),
                    Ready.class::isInstance)
            instanceof Ready ready
        ? ready.start()
        : fail();
  }

  private static SlotStart fail() {
    throw new AssertionError("not ready");
  }

  /**
   * Transactions over several connections that begin, write and commit or roll back in random
   * order. They write rows and messages, and between them come messages without a transaction.
   */
  private void interleave(Random random, int transactions, List<String> committed)
      throws SQLException {
    List<Connection> open = new ArrayList<>();
    Map<Connection, List<String>> written = new LinkedHashMap<>();
    int begun = 0;
    while (begun < transactions || !open.isEmpty()) {
      int choice = random.nextInt(5);
      if (begun < transactions && (open.isEmpty() || (choice == 0 && open.size() < 5))) {
        Connection connection = database.connect();
        connection.setAutoCommit(false);
        open.add(connection);
        written.put(connection, new ArrayList<>());
        begun++;
      } else if (choice == 1) {
        Connection connection = open.remove(random.nextInt(open.size()));
        if (random.nextInt(8) == 0) {
          connection.rollback();
        } else {
          connection.commit();
          committed.addAll(written.getOrDefault(connection, List.of()));
        }
        connection.close();
      } else if (choice == 2 && random.nextInt(3) == 0) {
        emitWithoutTransaction(open.get(random.nextInt(open.size())), random.nextBoolean());
      } else {
        Connection connection = open.get(random.nextInt(open.size()));
        String key = "k" + random.nextInt(5);
        written
            .getOrDefault(connection, new ArrayList<>())
            .add(
                random.nextBoolean()
                    ? OutboxDatabase.insert(connection, "Order", key, "x")
                    : OutboxDatabase.emit(connection, "Order", key, new byte[] {'x'}));
      }
    }
  }

  private static void emitWithoutTransaction(Connection connection, boolean outbox)
      throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          select pg_logical_emit_message(false, '%s', jsonb_build_object(
            'outbox', 'public.outbox_event', 'id', gen_random_uuid(), 'aggregatetype', 'Order',
            'aggregateid', '1', 'type', 'WithoutTransaction')::text)
          """
              .formatted(outbox ? "outbox" : "somebody else"));
    }
  }

  /** A source running in a thread of its own, with a handler that takes everything in. */
  private final class Run implements AutoCloseable {
    private final List<OutboxEvent> events = new CopyOnWriteArrayList<>();
    private final List<Undecodable> undecodable = new CopyOnWriteArrayList<>();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger ignored = new AtomicInteger();
    private final OutboxSource source;
    private final Future<?> running;
    private final int confirmEvents;
    private long confirmed;
    private final PublishedPosition published;

    /** Confirms everything. */
    Run() {
      this(Integer.MAX_VALUE);
    }

    /**
     * @param confirmEvents confirms up to the event of this number and nothing behind it
     */
    Run(int confirmEvents) {
      this(confirmEvents, OutboxSourceContract.this::source);
    }

    Run(int confirmEvents, BiFunction<RelaySettings, SlotStart, OutboxSource> engine) {
      this.confirmEvents = confirmEvents;
      published = new PublishedPosition(new SourceDatabase(settings), settings, 0);
      source = engine.apply(settings, start());
      running =
          threads.submit(
              () -> {
                source.run(this::handle);
                return null;
              });
    }

    private boolean handle(
        Iterable<SourceItem> batch, boolean more, SourceHandler.Confirmation confirmation)
        throws InterruptedException {
      List<OutboxEvent> read = new ArrayList<>();
      long transaction = 0;
      int items = 0;
      for (SourceItem item : batch) {
        items++;
        if (events.size() + read.size() < confirmEvents) {
          transaction = item.transaction();
        }
        if (item instanceof Decoded decoded) {
          read.add(decoded.event());
        } else if (item instanceof Ignored) {
          ignored.incrementAndGet();
        } else if (item instanceof Undecodable) {
          undecodable.add((Undecodable) item);
        }
      }
      assertThat(items).isPositive();
      events.addAll(read);
      if (transaction != 0 && transaction != confirmed) {
        confirmed = transaction;
        published.advanceTo(transaction);
        confirmation.confirm(transaction);
      }
      calls.incrementAndGet();
      return true;
    }

    void awaitEvents(int count) {
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                if (running.isDone()) {
                  running.get();
                }
                return events.size() >= count;
              });
    }

    void awaitCalls(int count) {
      await().atMost(PATIENCE).until(() -> calls.get() >= count);
    }

    List<OutboxEvent> events() {
      return Collections.unmodifiableList(events);
    }

    List<String> ids() {
      return events.stream().map(OutboxEvent::id).collect(Collectors.toList());
    }

    List<SourcePosition> positions() {
      return events.stream().map(OutboxEvent::position).collect(Collectors.toList());
    }

    List<Undecodable> undecodable() {
      return Collections.unmodifiableList(undecodable);
    }

    int calls() {
      return calls.get();
    }

    int ignored() {
      return ignored.get();
    }

    @Override
    public void close() throws Exception {
      source.close();
      running.get(30, TimeUnit.SECONDS);
      published.close();
    }
  }
}
