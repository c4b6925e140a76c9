package dev.outbox.local;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Runs PostgreSQL and Kafka until Ctrl-C and says how to connect to them. */
public final class LocalStackApplication {

  private static final String USAGE =
      """
      Runs PostgreSQL and Kafka on this machine until Ctrl-C.

        --data DIR               keep the data in DIR (otherwise they are deleted at the end)
        --postgres-port PORT     (otherwise a free one)
        --postgres-version MAJOR 15 to 18 (otherwise 18)
        --kafka-port PORT        (otherwise a free one)
      """;

  private static final Set<String> OPTIONS =
      Set.of("--data", "--postgres-port", "--postgres-version", "--kafka-port");

  private final Map<String, String> options;

  private LocalStackApplication(Map<String, String> options) {
    this.options = options;
  }

  /** Starts the servers and stays; see {@code --help}. */
  public static void main(String[] arguments) throws InterruptedException {
    if (Set.of(arguments).contains("--help")) {
      System.out.print(USAGE);
      return;
    }
    try {
      new LocalStackApplication(parse(arguments)).start();
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + System.lineSeparator() + USAGE);
      System.exit(2);
    } catch (LocalStackException e) {
      System.err.println(e.getMessage());
      System.exit(1);
    }
    new CountDownLatch(1).await();
  }

  private static Map<String, String> parse(String[] arguments) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i < arguments.length; i += 2) {
      if (!OPTIONS.contains(arguments[i])) {
        throw new IllegalArgumentException("Unknown option " + arguments[i]);
      }
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException("Option " + arguments[i] + " needs a value");
      }
      options.put(arguments[i], arguments[i + 1]);
    }
    return options;
  }

  private void start() {
    LocalPostgres.Builder newPostgres = LocalPostgres.builder();
    LocalKafka.Builder newKafka = LocalKafka.builder();
    String data = options.get("--data");
    if (data != null) {
      newPostgres.dataDirectory(Path.of(data, "postgres"));
      newKafka.dataDirectory(Path.of(data, "kafka"));
    }
    Integer version = number("--postgres-version");
    if (version != null) {
      newPostgres.version(version);
    }
    Integer postgresPort = number("--postgres-port");
    if (postgresPort != null) {
      newPostgres.port(postgresPort);
    }
    Integer kafkaPort = number("--kafka-port");
    if (kafkaPort != null) {
      newKafka.port(kafkaPort);
    }

    LocalStack stack = LocalStack.of(newPostgres::start, newKafka::start);
    Runtime.getRuntime().addShutdownHook(new Thread(stack::close, "stop local stack"));
    PostgresServer postgres = stack.postgres();
    KafkaServer kafka = stack.kafka();
    System.out.printf(
        """
        PostgreSQL  %s  user %s  password %s
        Kafka       %s
        Data        %s
        Ready. Ctrl-C stops both.
        """,
        postgres.jdbcUrl("postgres"),
        postgres.username(),
        postgres.password(),
        kafka.bootstrapServers(),
        data != null ? data : "deleted at the end");
  }

  private @Nullable Integer number(String option) {
    String value = options.get(option);
    try {
      return value == null ? null : Integer.valueOf(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(option + " " + value + " is not a number", e);
    }
  }
}
