package dev.outbox.writer.spring;

import java.util.Set;
import org.springframework.boot.sql.init.dependency.AbstractBeansOfTypeDatabaseInitializerDetector;

/**
 * Tells Spring Boot that beans which use the database wait for the outbox table, and that the
 * application's own migrations come first: Flyway refuses to begin in a schema in which it finds
 * tables but no history, and the application may create the outbox table itself.
 */
final class OutboxSchemaInitializerDetector extends AbstractBeansOfTypeDatabaseInitializerDetector {

  /** Behind the detectors of Flyway, Liquibase and scripts, which have small numbers or none. */
  private static final int AFTER_THE_APPLICATIONS_MIGRATIONS = 1_000;

  @Override
  protected Set<Class<?>> getDatabaseInitializerBeanTypes() {
    return Set.of(OutboxSchemaInitializer.class);
  }

  @Override
  public int getOrder() {
    return AFTER_THE_APPLICATIONS_MIGRATIONS;
  }
}
