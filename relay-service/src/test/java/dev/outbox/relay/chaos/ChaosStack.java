package dev.outbox.relay.chaos;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.FaultProxy;
import dev.outbox.local.LocalKafka;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.TcpPorts;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.Delivery;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.Audit;
import dev.outbox.relay.operations.AuditRange;
import dev.outbox.relay.operations.AuditReport;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * PostgreSQL, Kafka and some relays as processes of their own, the relays behind proxies. Whoever
 * judges goes straight to the servers.
 */
final class ChaosStack implements AutoCloseable {

  private static final List<String> NAMES = List.of("a", "b", "c", "d");

  private final Path directory;
  private final Delivery mode;
  private final int shards;
  private final LocalPostgres postgres;
  private final LocalKafka kafka;
  private final OutboxDatabase database;
  private final List<RelayInstance> relays = new ArrayList<>();

  /**
   * @param directory takes the logs
   * @param shards into how many shards the outbox is divided
   * @param instances how many relays there are, two to four
   */
  ChaosStack(Path directory, Delivery mode, int shards, int instances) throws Exception {
    this.directory = directory;
    this.mode = mode;
    this.shards = shards;
    List<String> names = NAMES.subList(0, instances);
    List<FaultProxy> kafkaProxies =
        names.stream().map(name -> FaultProxy.before(TcpPorts.free())).toList();
    postgres = LocalPostgres.builder().build();
    LocalKafka.Builder broker = LocalKafka.builder();
    kafkaProxies.forEach(broker::behind);
    kafka = broker.build();
    try {
      postgres.start();
      kafka.start();
      database = OutboxDatabase.createUninitialised(postgres);
      database.install(settings());
      Writers.prepare(database);
      for (String type : TopicWatch.TYPES) {
        kafka.createTopic(topicPrefix() + type, TopicWatch.PARTITIONS);
      }
      for (int i = 0; i < names.size(); i++) {
        relays.add(relay(names.get(i), kafkaProxies.get(i)));
      }
      // What is written before there is a slot is not published.
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  database
                      .queryAll("select slot_name from pg_replication_slots")
                      .containsAll(slotNames()));
      await().atMost(PATIENCE).until(() -> relays.stream().anyMatch(RelayInstance::isLeading));
    } catch (Exception e) {
      close();
      throw e;
    }
  }

  private RelayInstance relay(String name, FaultProxy kafkaProxy) {
    FaultProxy databaseProxy = FaultProxy.before(postgres.port());
    Map<String, String> settings = new HashMap<>(settings());
    settings.put(
        "database.url",
        "jdbc:postgresql://%s/%s".formatted(databaseProxy.address(), database.slot()));
    return new RelayInstance(
        name,
        databaseProxy,
        kafkaProxy,
        TestSettings.properties(database, kafkaProxy.address(), settings),
        directory.resolve("relay-" + name + ".log"));
  }

  private Map<String, String> settings() {
    return Map.of(
        "delivery",
        ChaosOptions.text(mode),
        "shards",
        String.valueOf(shards),
        "drain-timeout",
        "5s",
        "heartbeat-interval",
        "2s");
  }

  /** The names of the replication slots, whether they are there or not. */
  List<String> slotNames() {
    return relaySettings().eachShard().stream().map(RelaySettings::slot).toList();
  }

  private RelaySettings relaySettings() {
    return TestSettings.of(database, kafka.bootstrapServers(), settings());
  }

  /** What the audit of an operator says about all rows. */
  AuditReport audit(Duration patience) throws InterruptedException {
    RelaySettings relay = relaySettings();
    return new Audit(new SourceDatabase(relay), relay, patience, progress -> {})
        .run(AuditRange.ALL);
  }

  LocalPostgres postgres() {
    return postgres;
  }

  LocalKafka kafka() {
    return kafka;
  }

  /** The source database, by a direct way. */
  OutboxDatabase database() {
    return database;
  }

  List<RelayInstance> relays() {
    return relays;
  }

  /** What a topic's name has before the type. */
  String topicPrefix() {
    return database.slot() + ".";
  }

  List<String> topics() {
    return TopicWatch.TYPES.stream().map(type -> topicPrefix() + type).toList();
  }

  @Override
  public void close() throws IOException {
    relays.forEach(RelayInstance::close);
    try (postgres;
        kafka) {
      keep(postgres.logFile());
      keep(kafka.logFile());
    }
  }

  private void keep(Path log) throws IOException {
    if (Files.exists(log)) {
      Files.copy(log, directory.resolve(log.getFileName()), StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
