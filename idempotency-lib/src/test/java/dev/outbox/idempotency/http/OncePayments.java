package dev.outbox.idempotency.http;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.local.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A service whose table says by itself what was done already, as docs/idempotent-http.md describes
 * it: each payment names its intent, and the intent is unique.
 */
final class OncePayments {

  private final TestDatabase database;
  private final Map<String, String> charges = new ConcurrentHashMap<>();

  OncePayments(PostgresServer postgres) throws SQLException {
    database = TestDatabase.empty(postgres);
    database.applyPublished("outbox_event");
    database.execute(
        """
        create table payment (
          id bigint generated always as identity, intent text unique, amount text, charge text)
        """);
  }

  /** Where an attempt may be when something happens. */
  enum Place {
    BEFORE_THE_ROW,
    AFTER_THE_ROW
  }

  /** What an attempt does at a place. */
  @FunctionalInterface
  interface Stop {

    void at(Place place) throws InterruptedException;
  }

  StoredResponse pay(Reservation reservation, String amount, Stop stop) throws Exception {
    String charge =
        reservation.textStep(
            "charge", () -> charges.computeIfAbsent(reservation.keyFor("charge"), k -> "ch_1"));
    stop.at(Place.BEFORE_THE_ROW);
    Payment payment;
    try (Connection connection = database.begin()) {
      payment = once(connection, new Payment(reservation.keyFor("pay"), amount, charge));
      connection.commit();
    }
    stop.at(Place.AFTER_THE_ROW);
    return payment.amount().equals(amount)
        ? Requests.created("paid %s as %s".formatted(payment.amount(), payment.charge()))
        : Requests.answer(422, "this key has paid another amount");
  }

  private record Payment(String intent, String amount, String charge) {}

  /** Insert, or else what is there; the event belongs to whoever has inserted. */
  private static Payment once(Connection connection, Payment payment) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            """
            insert into payment (intent, amount, charge) values (?, ?, ?)
            on conflict do nothing returning id
            """)) {
      insert.setString(1, payment.intent());
      insert.setString(2, payment.amount());
      insert.setString(3, payment.charge());
      try (ResultSet row = insert.executeQuery()) {
        if (row.next()) {
          OrderService.insertEvent(connection, row.getLong(1), payment.intent());
          return payment;
        }
      }
    }
    return existing(connection, payment.intent());
  }

  private static Payment existing(Connection connection, String intent) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement("select amount, charge from payment where intent = ?")) {
      select.setString(1, intent);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return new Payment(intent, row.getString(1), row.getString(2));
      }
    }
  }

  int charges() {
    return charges.size();
  }

  List<String> payments() throws SQLException {
    return database.query("select amount from payment");
  }

  List<String> events() throws SQLException {
    return OrderService.events(database);
  }
}
