package dev.outbox.local;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the servers of a stack promise, of whatever kind: run it with {@code outbox.stack} too. */
@WithLocalStack
@Tag("slow")
class RestartTest {

  /** A server that does not heed the wish to stop is killed after a minute. */
  private static final Duration HEEDED = Duration.ofSeconds(59);

  @Test
  void theServersAreOfTheKindThatTheRunAsksFor(PostgresServer postgres, KafkaServer kafka) {
    boolean containers = "containers".equals(System.getProperty("outbox.stack"));
    assertThat(postgres).isInstanceOf(containers ? ContainerPostgres.class : LocalPostgres.class);
    assertThat(kafka).isInstanceOf(containers ? ContainerKafka.class : LocalKafka.class);
  }

  @Test
  void postgresKeepsItsPortAndWhatWasCommitted(PostgresServer server) throws SQLException {
    int port = server.port();
    String database = server.createDatabase("restart");
    Sql.execute(server, database, "create table item(n int); insert into item values (1)");

    stopInTime(server);
    assertThatThrownBy(() -> server.connect(database)).isInstanceOf(SQLException.class);
    server.stop();
    server.kill();
    server.start();
    Sql.execute(server, database, "insert into item values (2)");

    server.kill();
    assertThatThrownBy(() -> server.connect(database)).isInstanceOf(SQLException.class);
    server.kill();
    server.stop();
    server.start();
    server.start();

    assertThat(Sql.query(server, database, "select sum(n) from item")).isEqualTo("3");
    assertThat(server.port()).isEqualTo(port);
  }

  @Test
  void postgresCutsConnectionsWhenItStops(PostgresServer server) throws SQLException {
    try (Connection connection = server.connect("postgres")) {
      stopInTime(server);
      assertThatThrownBy(() -> connection.createStatement().execute("select 1"))
          .isInstanceOf(SQLException.class);
    } finally {
      server.start();
    }
  }

  @Test
  void postgresIsSetUpAlikeInEveryKindOfStack(PostgresServer server) throws SQLException {
    assertThat(
            List.of(
                Sql.query(server, "postgres", "show wal_level"),
                Sql.query(server, "postgres", "show fsync"),
                Sql.query(server, "postgres", "show max_replication_slots"),
                Sql.query(server, "postgres", "show max_wal_senders"),
                Sql.query(server, "postgres", "show max_connections"),
                Sql.query(server, "postgres", "show server_encoding"),
                Sql.query(
                    server,
                    "postgres",
                    "select datcollate from pg_database where datname = 'postgres'")))
        .containsExactly("logical", "on", "20", "20", "200", "UTF8", "C");
  }

  @Test
  void kafkaKeepsItsAddressAndRecords(KafkaServer server) throws Exception {
    String address = server.bootstrapServers();
    server.createTopic("restart", 1);
    produce(server, "before the stop");

    stopInTime(server);
    server.stop();
    server.kill();
    server.start();
    produce(server, "before the kill");
    server.kill();
    server.kill();
    server.stop();
    server.start();
    server.start();

    assertThat(server.bootstrapServers()).isEqualTo(address);
    assertThat(consume(server, 2)).containsExactly("before the stop", "before the kill");
  }

  private static void stopInTime(RestartableServer server) {
    Instant begin = Instant.now();
    server.stop();
    assertThat(Duration.between(begin, Instant.now())).isLessThan(HEEDED);
  }

  private static void produce(KafkaServer server, String value) throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", server.bootstrapServers()),
            new StringSerializer(),
            new StringSerializer())) {
      producer.send(new ProducerRecord<>("restart", "key", value)).get();
    }
  }

  private static List<String> consume(KafkaServer server, int count) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(
            Map.of(
                "bootstrap.servers",
                server.bootstrapServers(),
                "group.id",
                "restart",
                "auto.offset.reset",
                "earliest"),
            new StringDeserializer(),
            new StringDeserializer())) {
      consumer.subscribe(List.of("restart"));
      List<String> values = new ArrayList<>();
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(r -> values.add(r.value()));
                return values.size() >= count;
              });
      return values;
    }
  }
}
