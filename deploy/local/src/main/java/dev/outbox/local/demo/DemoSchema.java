package dev.outbox.local.demo;

import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.local.PostgresServer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * The tables of the demonstration, made as a delivery pipeline would: by their owner, before the
 * services start. These then connect with roles that may only use them.
 */
final class DemoSchema {

  private static final String SHOPS_OWN = "BOOT-INF/classes/db/migration/";

  /** Published in {@code docs/sql}; the outbox before the relay's. */
  private static final List<String> OF_THE_PROJECT =
      List.of(
          "outbox_event",
          "outbox_relay",
          "inbox_event",
          "inbox_position",
          "inbox_dead_letter",
          "idempotency_key",
          "durable_job",
          "one_time_token");

  private DemoSchema() {}

  /**
   * Makes roles and tables.
   *
   * @param orderServiceJar holds the shop's own migrations
   */
  static DatabaseRoles make(PostgresServer server, Path orderServiceJar) {
    DatabaseRoles roles =
        new DatabaseRoles(
            server,
            DemoDatabase.NAME,
            new Login("shop_owner", Secrets.random()),
            new Login("shop", Secrets.random()),
            new Login("relay", Secrets.random()));
    roles.make();
    try (Connection owner = server.connect(DemoDatabase.NAME, roles.owner());
        Statement statement = owner.createStatement()) {
      for (String migration : shopsOwn(orderServiceJar)) {
        statement.execute(migration);
      }
      // Before the others are there, on which the service gets less.
      statement.execute(
          "grant select, insert, update, delete on all tables in schema public to "
              + roles.service().role());
      for (String table : OF_THE_PROJECT) {
        statement.execute(published(table));
      }
      roles.grant();
      // Only for the page, which shows what becomes of each event; a service needs none of it.
      statement.execute("grant select on outbox_event, outbox_parked to " + roles.service().role());
    } catch (SQLException | IOException e) {
      throw new DemoException("Cannot make the tables of the demonstration: " + e.getMessage(), e);
    }
    return roles;
  }

  private static List<String> shopsOwn(Path orderServiceJar) throws IOException {
    try (JarFile jar = new JarFile(orderServiceJar.toFile())) {
      List<JarEntry> migrations =
          jar.stream()
              .filter(entry -> entry.getName().startsWith(SHOPS_OWN) && !entry.isDirectory())
              .sorted(Comparator.comparing(JarEntry::getName))
              .toList();
      List<String> texts = new ArrayList<>();
      for (JarEntry migration : migrations) {
        try (InputStream content = jar.getInputStream(migration)) {
          texts.add(new String(content.readAllBytes(), StandardCharsets.UTF_8));
        }
      }
      return texts;
    }
  }

  private static String published(String table) throws IOException {
    try (InputStream file = DatabaseRoles.class.getResourceAsStream(table + ".sql")) {
      return new String(Objects.requireNonNull(file, table).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
