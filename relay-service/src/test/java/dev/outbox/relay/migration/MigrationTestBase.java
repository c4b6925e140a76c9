package dev.outbox.relay.migration;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.documents.CodeBlock;
import dev.outbox.local.documents.Documents;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TopicReader;
import java.nio.file.Path;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;

/** Before the move: a database without the relay's table, and the topic that stays. */
@WithLocalStack
abstract class MigrationTestBase {

  @AutoClose OutboxDatabase database;
  @AutoClose TopicReader topics;
  PostgresServer postgres;
  KafkaServer kafka;
  String topic;

  @BeforeEach
  void createDatabase(PostgresServer server, KafkaServer broker) {
    postgres = server;
    kafka = broker;
    database = OutboxDatabase.createEmpty(server);
    topic = database.slot() + ".Order";
    kafka.createTopic(topic, 3);
    topics = new TopicReader(kafka.bootstrapServers(), topic);
  }

  /** A block of the guide. */
  static String guide(String name) {
    Path guide = Documents.root().resolve("docs/migrating.md");
    return CodeBlock.marked(guide, name);
  }

  /** Switches as the guide says: the lock may not come in time. */
  void doSwitch(String block) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(
            () -> {
              database.execute(guide(block));
              return true;
            });
  }

  static void awaitEvents(Writers writers, int more) {
    int before = writers.events();
    await().atMost(PATIENCE).until(() -> writers.events() > before + more);
  }
}
