package dev.outbox.relay.web.console;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;

/** The whole relay in this JVM, with a database for each test, and who reaches it over HTTP. */
@WithLocalStack
abstract class ApplicationTestBase {

  static final String NAME = "anna";
  static final String PASSWORD = "correct horse battery";

  /** What makes her the operator. */
  static final Map<String, String> OPERATOR =
      Map.of("console.username", NAME, "console.password", PASSWORD);

  @AutoClose OutboxDatabase database;
  private KafkaServer kafka;
  ConfigurableApplicationContext application = new GenericApplicationContext();
  Client client = new Client(0);

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
  }

  @AfterEach
  void stop() {
    application.close();
  }

  void start(Map<String, String> more) {
    start(more, Map.of());
  }

  /**
   * Starts the relay.
   *
   * @param more settings without the common prefix
   * @param others settings with the whole name
   */
  void start(Map<String, String> more, Map<String, String> others) {
    Map<String, String> settings =
        new HashMap<>(TestSettings.properties(database, kafka.bootstrapServers(), more));
    settings.putAll(others);
    application = Applications.start(settings);
    client = Applications.client(application);
  }
}
