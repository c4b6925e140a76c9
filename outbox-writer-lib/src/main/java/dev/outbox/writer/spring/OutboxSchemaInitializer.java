package dev.outbox.writer.spring;

import dev.outbox.writer.OutboxSchema;
import javax.sql.DataSource;
import org.springframework.beans.factory.InitializingBean;

/**
 * Migrates and checks the outbox table while the context starts, so that an application with an
 * unfit table never serves.
 */
final class OutboxSchemaInitializer implements InitializingBean {

  private final OutboxSchema schema;
  private final DataSource dataSource;
  private final OutboxWriterProperties properties;

  OutboxSchemaInitializer(
      OutboxSchema schema, DataSource dataSource, OutboxWriterProperties properties) {
    this.schema = schema;
    this.dataSource = dataSource;
    this.properties = properties;
  }

  @Override
  public void afterPropertiesSet() {
    if (properties.migrate()) {
      schema.migrate(dataSource);
    }
    if (properties.check()) {
      schema.check(dataSource);
    }
  }
}
