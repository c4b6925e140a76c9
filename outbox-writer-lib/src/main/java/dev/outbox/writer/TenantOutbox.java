package dev.outbox.writer;

import java.sql.Connection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outbox of the current tenant: which table it is, is asked at every append.
 *
 * <pre>{@code
 * TenantOutbox outbox =
 *     TenantOutbox.of(() -> OutboxTable.DEFAULT.inSchema(currentTenant()), Medium.TABLE);
 * outbox.writer(connection).append(event);
 * }</pre>
 *
 * <p>Immutable and safe for use by several threads; make one and keep it.
 */
public final class TenantOutbox implements Outbox {

  private final TenantTables tables;
  private final Medium medium;
  private final HeaderSources headers;

  private TenantOutbox(TenantTables tables, Medium medium, HeaderSources headers) {
    this.tables = tables;
    this.medium = medium;
    this.headers = headers;
  }

  /** The outbox in the table that this resolver names, on the given medium. */
  public static TenantOutbox of(TenantTables tables, Medium medium) {
    return new TenantOutbox(tables, medium, HeaderSources.NONE);
  }

  /**
   * {@inheritDoc}
   *
   * <p>It may be kept while the tenant changes on the connection's thread.
   */
  @Override
  public OutboxWriter writer(Connection connection) {
    return events -> append(connection, events);
  }

  private List<AppendResult> append(Connection connection, List<OutboxEvent> events) {
    return JdbcOutbox.of(currentTable(), medium, headers).writer(connection).append(events);
  }

  private OutboxTable currentTable() {
    @Nullable OutboxTable table = tables.currentTable();
    if (table == null) {
      throw new IllegalStateException(
          "Cannot append to the "
              + this
              + ": "
              + tables.getClass().getName()
              + " gave no table. Set the tenant before the append, or let it throw when there is"
              + " none.");
    }
    return table;
  }

  @Override
  public TenantOutbox withHeadersFrom(HeaderSource source) {
    return new TenantOutbox(tables, medium, headers.and(source));
  }

  /** The outbox's name in messages, without article. */
  @Override
  public String toString() {
    return "outbox of the current tenant";
  }
}
