package dev.outbox.writer;

import java.util.Collection;
import java.util.List;

/**
 * Says which table is the current tenant's, for services that keep each tenant in a schema of its
 * own. Safe for use by several threads.
 */
@FunctionalInterface
public interface TenantTables {

  /**
   * The table of the tenant that the calling thread works for. Asked at every append. Names are
   * quoted in SQL, but a tenant that the application does not know should be refused here.
   *
   * @throws RuntimeException of the application's own when there is no tenant; the append fails
   *     with it, and nothing is written
   */
  OutboxTable currentTable();

  /**
   * The tables that a Spring Boot application creates and checks at its start. For tenants that
   * come later {@link OutboxSchema#migrate} does it.
   */
  default Collection<OutboxTable> tablesAtStart() {
    return List.of();
  }
}
