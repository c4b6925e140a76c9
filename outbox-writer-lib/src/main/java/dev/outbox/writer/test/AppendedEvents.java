package dev.outbox.writer.test;

import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/**
 * Events that were appended, in their order, and assertions on them. They come from a {@link
 * RecordingOutbox}, or from the table:
 *
 * <pre>{@code
 * AppendedEvents.ofCurrentTransaction(connection, OutboxTable.DEFAULT)
 *     .assertOnly()
 *     .hasType("OrderPlaced");
 * }</pre>
 *
 * <p>For the log as medium there is no table to read, and PostgreSQL hands out its messages after
 * the commit only: put a {@link RecordingOutbox} in front of the writer.
 *
 * <p>Assertions throw {@link AssertionError} with all events there are.
 *
 * @param events in the order in which they were appended; unmodifiable
 */
public record AppendedEvents(List<OutboxEvent> events) {

  /** Of these events. */
  public AppendedEvents {
    events = List.copyOf(events);
  }

  /**
   * All events in the table that the connection sees, its own not yet committed ones among them.
   *
   * @throws SQLException from the database
   */
  public static AppendedEvents inTable(Connection connection, OutboxTable table)
      throws SQLException {
    return new AppendedEvents(TableReader.all(connection, table));
  }

  /**
   * The events in the table that the connection's running transaction has appended, for example
   * that of a {@code @Transactional} test, without what others have committed before.
   *
   * @throws SQLException from the database
   */
  public static AppendedEvents ofCurrentTransaction(Connection connection, OutboxTable table)
      throws SQLException {
    return new AppendedEvents(TableReader.ofCurrentTransaction(connection, table));
  }

  /** Those of one aggregate. */
  public AppendedEvents of(String aggregateType, String aggregateId) {
    return new AppendedEvents(
        events.stream()
            .filter(event -> event.aggregateType().equals(aggregateType))
            .filter(event -> event.aggregateId().equals(aggregateId))
            .toList());
  }

  /** Requires that there are none. */
  public void assertNone() {
    assertTypes();
  }

  /**
   * Requires that these events and no others are there, in this order.
   *
   * @param types what happened each time, for example {@code OrderPlaced}
   */
  public void assertTypes(String... types) {
    List<String> actual = events.stream().map(OutboxEvent::type).toList();
    Difference.require("types", List.of(types), actual, events);
  }

  /** Requires that there is exactly one event; gives assertions on it. */
  public EventAssertions assertOnly() {
    Difference.require("number of events", 1, events.size(), events);
    return new EventAssertions(events.get(0), events);
  }

  /** Requires exactly one event of this type among any others; gives assertions on it. */
  public EventAssertions assertOne(String type) {
    List<OutboxEvent> ofType = events.stream().filter(e -> e.type().equals(type)).toList();
    Difference.require("number of events of type " + type, 1, ofType.size(), events);
    return new EventAssertions(ofType.get(0), events);
  }
}
