package dev.outbox.demo;

import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.PostgresServer;
import java.util.function.Supplier;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.util.function.SingletonSupplier;

/**
 * A new database for the shop. Here it makes its tables by itself, so it connects as their owner;
 * in the demonstration it is a service that may only use them.
 */
public final class ShopDatabase {

  private ShopDatabase() {}

  /** Tells the application of it; the database is made when that asks, which is at its start. */
  public static void register(DynamicPropertyRegistry registry, Supplier<PostgresServer> server) {
    Supplier<DatabaseRoles> roles =
        SingletonSupplier.of(
            () -> DatabaseRoles.create(server.get(), server.get().createDatabase("shop")));
    registry.add("spring.datasource.url", () -> server.get().jdbcUrl(roles.get().database()));
    registry.add("spring.datasource.username", () -> roles.get().owner().role());
    registry.add("spring.datasource.password", () -> roles.get().owner().password());
  }
}
