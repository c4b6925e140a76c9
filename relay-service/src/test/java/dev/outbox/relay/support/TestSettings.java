package dev.outbox.relay.support;

import dev.outbox.local.DatabaseRoles.Login;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/** Settings for tests, loaded and checked the way the relay does. */
public final class TestSettings {

  /** The engine of every test that does not choose one itself. */
  private static final String ENGINE = System.getProperty("outbox.tests.engine", "debezium");

  private TestSettings() {}

  /** For a relay of this database; {@code more} holds keys without the common prefix. */
  public static RelaySettings of(
      OutboxDatabase database, String bootstrapServers, Map<String, String> more) {
    return SettingsLoader.load(environment(properties(database, bootstrapServers, more)));
  }

  /** The same as properties, for a relay in a process of its own. */
  public static Map<String, String> properties(
      OutboxDatabase database, String bootstrapServers, Map<String, String> more) {
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put("name", "test-" + database.slot());
    properties.put("database.url", database.url());
    properties.putAll(as(database.roles().relay()));
    properties.put("kafka.bootstrap-servers", bootstrapServers);
    properties.put("slot", database.slot());
    properties.put("publication", database.slot());
    properties.put("topic-template", database.slot() + ".{aggregatetype}");
    properties.put("auto-init", "true");
    properties.put("backoff.max", "1s");
    properties.put("engine", ENGINE);
    properties.putAll(more);
    Map<String, String> prefixed = new LinkedHashMap<>();
    properties.forEach((key, value) -> prefixed.put("outbox.relay." + key, value));
    return prefixed;
  }

  /** What makes it connect as somebody else than the relay's role. */
  public static Map<String, String> as(Login login) {
    return Map.of("database.username", login.role(), "database.password", login.password());
  }

  public static StandardEnvironment environment(Map<String, ?> properties) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("test", new LinkedHashMap<>(properties)));
    return environment;
  }
}
