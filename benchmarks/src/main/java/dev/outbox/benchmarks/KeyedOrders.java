package dev.outbox.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.idempotency.http.Admission;
import dev.outbox.idempotency.http.Endpoint;
import dev.outbox.idempotency.http.Idempotency;
import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.IdempotencyTable;
import dev.outbox.idempotency.http.IdempotencyTransactions;
import dev.outbox.idempotency.http.IdempotentCall;
import dev.outbox.idempotency.http.IncomingRequest;
import dev.outbox.idempotency.http.IncomingRequest.Caller;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Outcome;
import dev.outbox.idempotency.http.PostgresIdempotencyStore;
import dev.outbox.idempotency.http.StoredResponse;
import dev.outbox.idempotency.http.StoredResponse.HeaderField;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.OutboxEvent;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;

/**
 * Orders placed by requests, each with an event, with and without idempotency key: what a filter
 * would do behind the network. Any thread may use it.
 */
final class KeyedOrders implements AutoCloseable {

  private static final String FULL = "idempotency_key_full";
  private static final Duration WAIT = Duration.ofSeconds(5);

  /** What {@link #repeat} chooses from. */
  private static final int ANSWERED = 1_000;

  private static final List<HeaderField> HEADERS =
      List.of(new HeaderField("Content-Type", "application/json"));

  private static final byte[] ANSWER = OrderPlaced.of(1, 1).json().getBytes(UTF_8);

  private final DataSource dataSource;
  private final Idempotency idempotency;
  private final JdbcOutbox outbox = JdbcOutbox.withTable("outbox_event");
  private final AtomicLong keys = new AtomicLong();

  private KeyedOrders(DataSource dataSource, IdempotencyStore store) {
    this.dataSource = dataSource;
    this.idempotency =
        Idempotency.over(store).transactions(IdempotencyTransactions.of(dataSource)).build();
  }

  private static KeyedOrders in(DataSource dataSource, IdempotencyTable table) {
    return new KeyedOrders(dataSource, new PostgresIdempotencyStore(dataSource, table, WAIT));
  }

  /**
   * The table of keys, and one that holds so many.
   *
   * @param records with an answer of the size that these requests get
   */
  static void createTables(Database database, long records) {
    database.apply("idempotency_key.sql");
    database.execute("create table %s (like idempotency_key including all)".formatted(FULL));
    fill(database, FULL, records);
  }

  /** Writes so many records of answered requests. */
  static void fill(Database database, String table, long records) {
    database.execute(
        """
        insert into %s (id, principal, endpoint, request_hash, state, response_status,
          response_headers, response_body, expires_at)
        select sha256(n::text::bytea), 'customer', 'orders', sha256(n::text::bytea), 'completed',
          201, array['Content-Type', 'application/json'], convert_to('%s', 'UTF8'),
          now() + interval '1 day'
        from generate_series(1, %d) n
        """
            .formatted(table, OrderPlaced.of(1, 1).json(), records));
    database.tidy(table);
  }

  static KeyedOrders withEmptyTable(DataSource dataSource) {
    return in(dataSource, IdempotencyTable.DEFAULT);
  }

  static KeyedOrders withFullTable(DataSource dataSource) {
    return in(dataSource, IdempotencyTable.named(FULL));
  }

  /** Its keys are in another store; for requests without business. */
  static KeyedOrders with(DataSource dataSource, IdempotencyStore store) {
    return new KeyedOrders(dataSource, store);
  }

  /** The business transaction alone. */
  void placeWithoutKey() throws SQLException {
    try (Connection connection = dataSource.getConnection()) {
      var unused = place(connection);
      connection.commit();
    }
  }

  /** A request with a new key. */
  void place() throws Exception {
    place(keys.incrementAndGet());
  }

  /** A request with a new key and an answer, and no business. */
  void answer() throws Exception {
    StoredResponse answer = response(ANSWER);
    require(
        Outcome.Executed.class,
        idempotency.atomic(call(keys.incrementAndGet(), Mode.ATOMIC), connection -> answer));
  }

  /** The same in reserved mode, without steps. */
  void answerReserved() throws Exception {
    StoredResponse answer = response(ANSWER);
    require(
        Outcome.Executed.class,
        idempotency.reserved(call(keys.incrementAndGet(), Mode.RESERVED), reserved -> answer));
  }

  private void place(long key) throws Exception {
    require(Outcome.Executed.class, idempotency.atomic(call(key, Mode.ATOMIC), this::place));
  }

  /** The requests that {@link #repeat} repeats. */
  void placeSome() {
    try {
      for (int i = 0; i < ANSWERED; i++) {
        place();
      }
    } catch (Exception e) {
      throw new BenchmarkException("Orders cannot be placed", e);
    }
  }

  /** A request that was answered before. */
  void repeat() throws Exception {
    long key = ThreadLocalRandom.current().nextLong(ANSWERED) + 1;
    require(Outcome.Replayed.class, idempotency.atomic(call(key, Mode.ATOMIC), this::mustNotRun));
  }

  private StoredResponse mustNotRun(Connection connection) {
    throw new BenchmarkException("A repeat was executed");
  }

  /** A request with a new key whose one step is the business transaction. */
  void placeReserved() throws Exception {
    require(
        Outcome.Executed.class,
        idempotency.reserved(
            call(keys.incrementAndGet(), Mode.RESERVED),
            reservation ->
                response(reservation.localStep("place", connection -> place(connection).body()))));
  }

  private StoredResponse place(Connection connection) throws SQLException {
    OrderPlaced placed = OrderPlaced.of(Orders.place(connection), 1);
    var unused =
        outbox
            .writer(connection)
            .append(OutboxEvent.of("Order", placed.orderId(), "OrderPlaced", placed.json()));
    return response(placed.json().getBytes(UTF_8));
  }

  private static StoredResponse response(byte[] body) {
    return new StoredResponse(201, HEADERS, body);
  }

  private IdempotentCall call(long key, Mode mode) {
    IncomingRequest request =
        new IncomingRequest(
            "POST",
            "/orders",
            "",
            Map.of(
                "Idempotency-Key", List.of("\"" + new UUID(1, key) + "\""),
                "Content-Type", List.of("application/json")),
            OrderPlaced.of(key, 1).json().getBytes(UTF_8),
            Caller.principal("customer"));
    if (idempotency.admit(Endpoint.named("orders").with(mode), request)
        instanceof Admission.Keyed keyed) {
      return keyed.call();
    }
    throw new BenchmarkException("The request was not admitted under its key");
  }

  private static void require(Class<? extends Outcome> expected, Outcome outcome) {
    if (!expected.isInstance(outcome)) {
      throw new BenchmarkException("%s in place of %s".formatted(outcome, expected));
    }
  }

  @Override
  public void close() {
    idempotency.close();
  }
}
