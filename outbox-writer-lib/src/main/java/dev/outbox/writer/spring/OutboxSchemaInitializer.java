package dev.outbox.writer.spring;

import dev.outbox.writer.OutboxSchema;
import java.util.List;
import org.springframework.beans.factory.InitializingBean;

/**
 * Migrates and checks the outbox tables while the context starts, so that an application with an
 * unfit table never serves.
 */
final class OutboxSchemaInitializer implements InitializingBean {

  private final List<OutboxSchema> schemas;
  private final SchemaPreparation preparation;

  OutboxSchemaInitializer(List<OutboxSchema> schemas, SchemaPreparation preparation) {
    this.schemas = schemas;
    this.preparation = preparation;
  }

  @Override
  public void afterPropertiesSet() {
    schemas.forEach(preparation::prepare);
  }
}
