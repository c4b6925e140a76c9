package dev.outbox.writer.spring;

import dev.outbox.writer.OutboxSchema;
import javax.sql.DataSource;

/** Creates and checks tables as far as the settings say. */
record SchemaPreparation(DataSource dataSource, OutboxWriterProperties properties) {

  void prepare(OutboxSchema schema) {
    if (properties.migrate()) {
      schema.migrate(dataSource);
    }
    if (properties.check()) {
      schema.check(dataSource);
    }
  }
}
