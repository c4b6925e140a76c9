package dev.outbox.relay.operations;

import dev.outbox.relay.control.ControlMessage.Selection;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient.StatementSpec;

/** A selection of rows in SQL. */
final class SelectedRows {

  /** The condition on a table called {@code o}; its parameters are set with {@link #bind}. */
  static final String CONDITION =
      """
      (cast(:ids as uuid[]) is null or o.id = any(cast(:ids as uuid[])))
      and (cast(:aggregateType as text) is null or o.aggregatetype = :aggregateType)
      and (cast(:aggregateId as text) is null or o.aggregateid = :aggregateId)
      and (cast(:from as timestamptz) is null or o.created_at >= cast(:from as timestamptz))
      and (cast(:to as timestamptz) is null or o.created_at < cast(:to as timestamptz))
      """;

  private SelectedRows() {}

  static StatementSpec bind(StatementSpec statement, Selection selection) {
    return statement
        .param("ids", ids(selection))
        .param("aggregateType", selection.aggregateType())
        .param("aggregateId", selection.aggregateId())
        .param("from", timestamp(selection.from()))
        .param("to", timestamp(selection.to()));
  }

  private static @Nullable String ids(Selection selection) {
    return selection.ids().isEmpty()
        ? null
        : selection.ids().stream().map(UUID::toString).collect(Collectors.joining(",", "{", "}"));
  }

  private static @Nullable Timestamp timestamp(@Nullable Instant moment) {
    return moment == null ? null : Timestamp.from(moment);
  }
}
