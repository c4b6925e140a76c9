package dev.outbox.writer;

import java.sql.Connection;

/** Where events are appended to: always the same table, or that of the current tenant. */
public sealed interface Outbox permits JdbcOutbox, TenantOutbox {

  /**
   * A writer that appends on this connection, in the transaction that the caller began on it. It
   * never commits, rolls back or closes. Costs nothing to make; like the connection, for one thread
   * at a time.
   */
  OutboxWriter writer(Connection connection);

  /** This outbox with one more source of headers, asked after those it has. */
  Outbox withHeadersFrom(HeaderSource source);
}
