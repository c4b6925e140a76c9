package dev.outbox.relay.source.debezium;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.source.StreamSettings;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.springframework.util.unit.DataSize;

/** What Debezium is told. Each setting that guards against losing events says which. */
final class EngineSettings {

  /** Waits at most this long to fill a batch: a linger, not a poll of the database. */
  private static final int POLL_INTERVAL_MILLIS = 5;

  private static final int BATCH_EVENTS = 4096;
  private static final int QUEUE_EVENTS = 16384;
  private static final DataSize QUEUE_BYTES = DataSize.ofMegabytes(32);

  /** How often the handler is called while the log is silent. */
  private static final int TICK_MILLIS = 100;

  private static final String TICK_TOPIC_PREFIX = "tick";

  private static final String DEFAULT_PORT = "5432";

  private EngineSettings() {}

  /** Topic of the records that are nothing but a tick; no table's or message's topic is like it. */
  static String tickTopic(RelaySettings settings) {
    return TICK_TOPIC_PREFIX + "." + settings.slot();
  }

  static Properties of(RelaySettings settings) {
    Properties engine = new Properties();
    engine.setProperty("name", settings.name());
    engine.setProperty("connector.class", "io.debezium.connector.postgresql.PostgresConnector");
    engine.setProperty("topic.prefix", settings.slot());
    connection(engine, settings.database());
    slot(engine, settings);
    records(engine, settings);
    flow(engine);
    return engine;
  }

  private static void connection(Properties engine, RelaySettings.Database database) {
    Properties url = Driver.parseURL(database.url(), null);
    if (url == null) {
      throw new IllegalArgumentException("unchecked settings: " + database);
    }
    engine.setProperty("database.hostname", get(url, PGProperty.PG_HOST, "localhost"));
    engine.setProperty("database.port", get(url, PGProperty.PG_PORT, DEFAULT_PORT));
    engine.setProperty("database.dbname", get(url, PGProperty.PG_DBNAME, database.username()));
    engine.setProperty("database.user", database.username());
    engine.setProperty("database.password", database.password());
    engine.setProperty("database.tcpKeepAlive", "true");
    // What else the URL says (sslmode, sslrootcert …) concerns the driver.
    engine.setProperty(
        "driver." + PGProperty.OPTIONS.getName(),
        StreamSettings.serverOptions(PGProperty.OPTIONS.getOrDefault(url)));
    for (String parameter : url.stringPropertyNames()) {
      if (!parameter.startsWith("PG") && !parameter.equals(PGProperty.OPTIONS.getName())) {
        engine.setProperty("driver." + parameter, url.getProperty(parameter));
      }
    }
  }

  private static String get(Properties url, PGProperty property, String otherwise) {
    String value = property.getOrDefault(url);
    return value == null ? otherwise : value;
  }

  private static void slot(Properties engine, RelaySettings settings) {
    engine.setProperty("plugin.name", "pgoutput");
    engine.setProperty("slot.name", settings.slot());
    engine.setProperty("slot.drop.on.stop", "false");
    // Waiting for a slot in use is the relay's own business: it stands by.
    engine.setProperty("slot.max.retries", "0");
    engine.setProperty("publication.name", settings.publication());
    // Debezium would make a missing publication or slot silently, and so hide a gap.
    engine.setProperty("publication.autocreate.mode", "disabled");
    engine.setProperty("snapshot.mode", "no_data");
    // File offsets lose rows that share an LSN after a restart; the slot is the only position.
    engine.setProperty(
        "offset.storage", "org.apache.kafka.connect.storage.MemoryOffsetBackingStore");
    // Positions stay the same on a second reading only while the slot stands at ends of commits,
    // so the driver must not move it to whatever a keep-alive says.
    engine.setProperty("lsn.flush.mode", "connector");
    // A thread of Debezium's own does it, so also while Kafka is away and the reading thread waits.
    engine.setProperty(
        "status.update.interval.ms", String.valueOf(StreamSettings.STATUS_UPDATE.toMillis()));
  }

  private static void records(Properties engine, RelaySettings settings) {
    TableName table = settings.tableName();
    engine.setProperty(
        "table.include.list", literally(table.schema()) + "\\." + literally(table.table()));
    engine.setProperty("binary.handling.mode", "bytes");
    engine.setProperty("tombstones.on.delete", "false");
    engine.setProperty("message.prefix.include.list", "outbox(\\..*)?");
  }

  private static void flow(Properties engine) {
    engine.setProperty("poll.interval.ms", String.valueOf(POLL_INTERVAL_MILLIS));
    engine.setProperty("max.batch.size", String.valueOf(BATCH_EVENTS));
    engine.setProperty("max.queue.size", String.valueOf(QUEUE_EVENTS));
    // Off by default, and then a queue of large rows exhausts the memory.
    engine.setProperty("max.queue.size.in.bytes", String.valueOf(QUEUE_BYTES.toBytes()));
    // Confirmations happen on the engine thread, so it must come by also when nothing is read.
    engine.setProperty("heartbeat.interval.ms", String.valueOf(TICK_MILLIS));
    engine.setProperty("topic.heartbeat.prefix", TICK_TOPIC_PREFIX);
    // A retried batch is a skipped batch; the relay builds a new engine instead.
    engine.setProperty("errors.max.retries", "0");
    engine.setProperty("offset.flush.interval.ms", "0");
    engine.setProperty("record.processing.threads", "1");
  }

  /** Debezium reads names as regular expressions, in which a comma even separates two. */
  private static String literally(String name) {
    StringBuilder pattern = new StringBuilder();
    name.codePoints()
        .forEach(
            c -> {
              if (Character.isLetterOrDigit(c) || c == '_') {
                pattern.appendCodePoint(c);
              } else {
                pattern.append("\\x{%x}".formatted(c));
              }
            });
    return pattern.toString();
  }
}
