package dev.outbox.local.demo;

import dev.outbox.local.DatabaseRoles;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalKafka;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/** Everything that runs: two servers and two services, each in processes of its own. */
final class DemoStack {

  /** Who may act in the relay's console. */
  static final String OPERATOR = "operator";

  private static final int PARTITIONS = 3;

  private final HttpClient http;
  private final PostgresServer postgres;
  private final KafkaServer kafka;
  private final DemoDatabase database;
  private final DatabaseRoles roles;
  private final Application orderService;
  private final Application relay;
  private final ControlServer control;
  private final String operatorPassword;

  private DemoStack(
      HttpClient http,
      PostgresServer postgres,
      KafkaServer kafka,
      DemoDatabase database,
      DatabaseRoles roles,
      Application orderService,
      Application relay,
      ControlServer control,
      String operatorPassword) {
    this.http = http;
    this.postgres = postgres;
    this.kafka = kafka;
    this.database = database;
    this.roles = roles;
    this.orderService = orderService;
    this.relay = relay;
    this.control = control;
    this.operatorPassword = operatorPassword;
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
    DatabaseRoles roles = DemoSchema.make(postgres, options.orderServiceJar());
    screen.started("localhost:" + postgres.port());

    screen.starting("Kafka");
    join(startingKafka);
    kafka.createTopic(TopicWatch.ORDER_TOPIC, PARTITIONS);
    screen.started(kafka.bootstrapServers());

    ControlServer control = ControlServer.open();
    screen.starting("order service");
    Application orderService =
        closing.add(
            Application.start(
                "order service",
                options.orderServiceJar(),
                logs.orderService(),
                // An order may bring a message of two million characters.
                "512m",
                options.port(),
                List.of(
                    "--spring.datasource.url=" + postgres.jdbcUrl(DemoDatabase.NAME),
                    "--spring.datasource.username=" + roles.service().role(),
                    "--spring.flyway.enabled=false",
                    "--outbox.writer.migrate=false",
                    "--outbox.inbox.migrate=false",
                    "--outbox.idempotency.migrate=false",
                    "--outbox.jobs.migrate=false",
                    "--outbox.token.migrate=false",
                    "--demo.kafka.bootstrap-servers=" + kafka.bootstrapServers()),
                Map.of(
                    "SPRING_DATASOURCE_PASSWORD", roles.service().password(),
                    "DEMO_CONTROL_URL", control.url(),
                    "DEMO_CONTROL_TOKEN", control.token())));
    orderService.awaitHealthy(http);
    screen.started(orderService.url());

    screen.starting("relay");
    String operatorPassword = Secrets.random();
    Application relay =
        closing.add(
            Application.start(
                "relay",
                options.relayJar(),
                logs.relay(),
                "256m",
                options.relayPort(),
                autoInit(relaySettings(roles, kafka)),
                Map.of(
                    "OUTBOX_RELAY_CONSOLE_USERNAME", OPERATOR,
                    "OUTBOX_RELAY_CONSOLE_PASSWORD", operatorPassword)));
    relay.awaitHealthy(http);
    screen.started(relay.url());
    DemoStack stack =
        new DemoStack(
            http, postgres, kafka, database, roles, orderService, relay, control, operatorPassword);
    // The last to be added, so that no harm starts anything again while all is being stopped.
    closing.add(control);
    Harms harms = new Harms(stack, options, logs, screen);
    control.serve(harms::state, harms.byName());
    return stack;
  }

  private static void join(CompletableFuture<Void> starting) {
    try {
      starting.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private static List<String> relaySettings(DatabaseRoles roles, KafkaServer kafka) {
    return List.of(
        "--outbox.relay.name=orders",
        "--outbox.relay.database.url=" + roles.server().jdbcUrl(roles.database()),
        "--outbox.relay.database.username=" + roles.relay().role(),
        "--outbox.relay.database.password=" + roles.relay().password(),
        "--outbox.relay.kafka.bootstrap-servers=" + kafka.bootstrapServers());
  }

  private static List<String> autoInit(List<String> settings) {
    return Stream.concat(settings.stream(), Stream.of("--outbox.relay.auto-init=true")).toList();
  }

  HttpClient http() {
    return http;
  }

  OrderClient orderClient() {
    return new OrderClient(http, orderService.url());
  }

  DemoDatabase database() {
    return database;
  }

  DatabaseRoles roles() {
    return roles;
  }

  PostgresServer postgres() {
    return postgres;
  }

  KafkaServer kafka() {
    return kafka;
  }

  ControlServer control() {
    return control;
  }

  Application orderService() {
    return orderService;
  }

  Application relay() {
    return relay;
  }

  String operatorPassword() {
    return operatorPassword;
  }

  /** The settings of the relay, for its other commands. */
  List<String> relaySettings() {
    return relaySettings(roles, kafka);
  }

  /**
   * @throws DemoException if a service has ended by itself
   */
  void requireAlive() {
    orderService.requireAlive();
    relay.requireAlive();
  }
}
