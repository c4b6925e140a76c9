package dev.outbox.local;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server and a Kafka broker, each started when first asked for. All methods may be
 * called by any thread.
 */
public final class LocalStack implements AutoCloseable {

  private static final String PROPERTY = "outbox.stack";

  private final Supplier<PostgresServer> newPostgres;
  private final Supplier<KafkaServer> newKafka;
  private @Nullable PostgresServer postgres;
  private @Nullable KafkaServer kafka;

  private LocalStack(Supplier<PostgresServer> newPostgres, Supplier<KafkaServer> newKafka) {
    this.newPostgres = newPostgres;
    this.newKafka = newKafka;
  }

  /** Servers as processes of this machine, with temporary data. */
  public static LocalStack processes() {
    return of(() -> LocalPostgres.builder().start(), () -> LocalKafka.builder().start());
  }

  /** Servers in containers; this needs Docker. */
  public static LocalStack containers() {
    return of(ContainerPostgres::started, ContainerKafka::started);
  }

  /** Servers that these give, started, when they are first asked for. The stack closes them. */
  public static LocalStack of(Supplier<PostgresServer> postgres, Supplier<KafkaServer> kafka) {
    return new LocalStack(postgres, kafka);
  }

  /**
   * The kind of servers that system property {@code outbox.stack} names: {@code processes} (the
   * default) or {@code containers}.
   *
   * @throws IllegalArgumentException if it names another
   */
  public static LocalStack fromSystemProperties() {
    String kind = System.getProperty(PROPERTY, "processes");
    return switch (kind) {
      case "processes" -> processes();
      case "containers" -> containers();
      default ->
          throw new IllegalArgumentException(
              "System property %s = '%s' is unknown: set it to processes (the default) or containers"
                  .formatted(PROPERTY, kind));
    };
  }

  /** The PostgreSQL server; the first call starts it. */
  public synchronized PostgresServer postgres() {
    if (postgres == null) {
      postgres = newPostgres.get();
    }
    return postgres;
  }

  /** The Kafka broker; the first call starts it. */
  public synchronized KafkaServer kafka() {
    if (kafka == null) {
      kafka = newKafka.get();
    }
    return kafka;
  }

  /** Closes what was started. */
  @Override
  public synchronized void close() {
    try (PostgresServer first = postgres;
        KafkaServer second = kafka) {
      postgres = null;
      kafka = null;
    }
  }
}
