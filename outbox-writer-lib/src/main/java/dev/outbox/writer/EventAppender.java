package dev.outbox.writer;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/** Writes events to one medium. Immutable and safe for use by several threads. */
interface EventAppender {

  /**
   * Writes events in list order with one statement, in the connection's transaction.
   *
   * @param events at least one
   * @return one result per event, in list order
   */
  List<AppendResult> append(Connection connection, List<OutboxEvent> events) throws SQLException;

  /**
   * Reports which events were written. Of an ID that stands in the list twice, the first occurrence
   * is the one that was.
   *
   * @param written IDs that were written; emptied on the way
   */
  static List<AppendResult> results(List<OutboxEvent> events, Set<UUID> written) {
    List<AppendResult> results = new ArrayList<>(events.size());
    for (OutboxEvent event : events) {
      results.add(new AppendResult(event.id(), written.remove(event.id())));
    }
    return List.copyOf(results);
  }
}
