package dev.outbox.writer.spring;

import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.JdbcOutbox;
import dev.outbox.writer.Outbox;
import dev.outbox.writer.OutboxSchema;
import dev.outbox.writer.OutboxTable;
import dev.outbox.writer.OutboxWriter;
import java.util.List;

/**
 * Makes writers for further outboxes beside the default one, over the application's data source and
 * with its header sources.
 *
 * <pre>{@code
 * @Bean(defaultCandidate = false)
 * @Qualifier("audit")
 * OutboxWriter auditOutbox(SpringOutboxes outboxes) {
 *   return outboxes.writer(OutboxTable.named("audit_event"));
 * }
 * }</pre>
 */
public final class SpringOutboxes {

  private final SchemaPreparation preparation;
  private final List<HeaderSource> headerSources;

  SpringOutboxes(SchemaPreparation preparation, List<HeaderSource> headerSources) {
    this.preparation = preparation;
    this.headerSources = headerSources;
  }

  /** A writer for this table; see {@link #writer(JdbcOutbox)}. */
  public OutboxWriter writer(OutboxTable table) {
    return writer(JdbcOutbox.of(table, preparation.properties().medium()));
  }

  /**
   * A writer for this outbox, for all threads. Its table is created and checked here, as {@code
   * outbox.writer.migrate} and {@code outbox.writer.check} say.
   *
   * @throws dev.outbox.writer.OutboxSchemaException when the table is unfit
   */
  public OutboxWriter writer(JdbcOutbox outbox) {
    preparation.prepare(OutboxSchema.of(outbox));
    return bound(outbox);
  }

  OutboxWriter bound(Outbox outbox) {
    return new SpringTransactionOutboxWriter(withHeaders(outbox), preparation.dataSource());
  }

  private Outbox withHeaders(Outbox outbox) {
    Outbox complete = outbox;
    for (HeaderSource source : headerSources) {
      complete = complete.withHeadersFrom(source);
    }
    return complete;
  }
}
