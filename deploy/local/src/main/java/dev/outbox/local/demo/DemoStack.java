package dev.outbox.local.demo;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalKafka;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/** Everything that runs: two servers and two services, each in processes of its own. */
final class DemoStack {

  private static final int PARTITIONS = 3;

  private final HttpClient http;
  private final PostgresServer postgres;
  private final KafkaServer kafka;
  private final DemoDatabase database;
  private final Application orderService;
  private final Application relay;

  private DemoStack(
      HttpClient http,
      PostgresServer postgres,
      KafkaServer kafka,
      DemoDatabase database,
      Application orderService,
      Application relay) {
    this.http = http;
    this.postgres = postgres;
    this.kafka = kafka;
    this.database = database;
    this.orderService = orderService;
    this.relay = relay;
  }

  /**
   * Starts one after the other and tells the screen.
   *
   * @param closing takes what is to be closed, as soon as it is there
   */
  static DemoStack start(DemoOptions options, ServiceLogs logs, Screen screen, Closing closing) {
    HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    // Both are to be closed from before their start, since Ctrl-C may come during it.
    LocalPostgres postgres =
        closing.add(LocalPostgres.builder().setting("track_commit_timestamp", "on").build());
    LocalKafka kafka =
        closing.add(
            LocalKafka.builder()
                // So that a record tells when it came to the topic.
                .setting("log.message.timestamp.type", "LogAppendTime")
                .build());
    CompletableFuture<Void> startingKafka = CompletableFuture.runAsync(kafka::start);

    screen.starting("PostgreSQL");
    postgres.start();
    DemoDatabase database = closing.add(DemoDatabase.create(postgres));
    screen.started("localhost:" + postgres.port());

    screen.starting("Kafka");
    join(startingKafka);
    kafka.createTopic(TopicWatch.ORDER_TOPIC, PARTITIONS);
    screen.started(kafka.bootstrapServers());

    screen.starting("order service");
    Application orderService =
        closing.add(
            Application.start(
                "order service",
                options.orderServiceJar(),
                logs.orderService(),
                8080,
                List.of(
                    "--spring.datasource.url=" + postgres.jdbcUrl(DemoDatabase.NAME),
                    "--spring.datasource.username=" + postgres.username(),
                    "--spring.datasource.password=" + postgres.password(),
                    "--demo.kafka.bootstrap-servers=" + kafka.bootstrapServers())));
    orderService.awaitHealthy(http);
    screen.started(orderService.url());

    // After the order service, whose outbox writer makes the table that the relay reads.
    screen.starting("relay");
    Application relay =
        closing.add(
            Application.start(
                "relay",
                options.relayJar(),
                logs.relay(),
                8081,
                autoInit(relaySettings(postgres, kafka))));
    relay.awaitHealthy(http);
    screen.started(relay.url());
    return new DemoStack(http, postgres, kafka, database, orderService, relay);
  }

  private static void join(CompletableFuture<Void> starting) {
    try {
      starting.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static List<String> relaySettings(PostgresServer postgres, KafkaServer kafka) {
    return List.of(
        "--outbox.relay.name=orders",
        "--outbox.relay.database.url=" + postgres.jdbcUrl(DemoDatabase.NAME),
        "--outbox.relay.database.username=" + postgres.username(),
        "--outbox.relay.database.password=" + postgres.password(),
        "--outbox.relay.kafka.bootstrap-servers=" + kafka.bootstrapServers());
  }

  private static List<String> autoInit(List<String> settings) {
    return Stream.concat(settings.stream(), Stream.of("--outbox.relay.auto-init=true")).toList();
  }

  OrderClient orderClient() {
    return new OrderClient(http, orderService.url());
  }

  DemoDatabase database() {
    return database;
  }

  PostgresServer postgres() {
    return postgres;
  }

  KafkaServer kafka() {
    return kafka;
  }

  String orderServiceUrl() {
    return orderService.url();
  }

  String relayUrl() {
    return relay.url();
  }

  /** The settings of the relay, for its other commands. */
  List<String> relaySettings() {
    return relaySettings(postgres, kafka);
  }

  /**
   * @throws DemoException if a service has ended by itself
   */
  void requireAlive() {
    orderService.requireAlive();
    relay.requireAlive();
  }
}
