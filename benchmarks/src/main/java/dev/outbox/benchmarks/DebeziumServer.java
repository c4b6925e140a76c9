package dev.outbox.benchmarks;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.TcpPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Debezium Server with its outbox event router, tuned: large batches and queue, a short poll, no
 * schemas.
 *
 * @param home where its distribution is unpacked
 * @param java a Java that it runs on, 21 or newer
 */
record DebeziumServer(Path home, Path java) implements Contender {

  /** Its name in tables. */
  static final String NAME = "Debezium Server";

  private static final String ID = "debezium_server";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String topic() {
    return "bench." + ID + ".Order";
  }

  @Override
  public void prepare(Stack stack) {
    stack
        .database()
        .execute(
            "create publication %s for table outbox_event with (publish = 'insert')".formatted(ID));
    stack
        .database()
        .execute("select pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(ID));
  }

  @Override
  public ChildProcess start(Stack stack) {
    try {
      Path directory = Files.createTempDirectory("bench-debezium-server");
      Path config = Files.createDirectory(directory.resolve("config"));
      Files.writeString(config.resolve("application.properties"), properties(stack, directory));
      return ChildProcess.start(
          List.of(
              java.toString(),
              "-Xmx512m",
              "-XX:+UseSerialGC",
              "--add-opens",
              "java.base/java.lang=ALL-UNNAMED",
              "-cp",
              "%s:%s/lib/*:%s".formatted(runner(), home, config),
              "io.debezium.server.Main"),
          Map.of(),
          "TERM",
          directory.resolve("log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path runner() throws IOException {
    try (var files = Files.newDirectoryStream(home, "*-runner.jar")) {
      for (Path file : files) {
        return file;
      }
    }
    throw new BenchmarkException("There is no Debezium Server in " + home);
  }

  private static String properties(Stack stack, Path directory) {
    return """
    quarkus.http.port=%d
    quarkus.log.level=WARN
    debezium.sink.type=kafka
    debezium.sink.kafka.producer.bootstrap.servers=%s
    debezium.sink.kafka.producer.key.serializer=org.apache.kafka.common.serialization.StringSerializer
    debezium.sink.kafka.producer.value.serializer=org.apache.kafka.common.serialization.ByteArraySerializer
    debezium.sink.kafka.producer.compression.type=none
    debezium.sink.kafka.producer.acks=all
    debezium.format.key=simplestring
    debezium.format.value=binary
    debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector
    debezium.source.offset.storage=org.apache.kafka.connect.storage.FileOffsetBackingStore
    debezium.source.offset.storage.file.filename=%s
    debezium.source.offset.flush.interval.ms=1000
    debezium.source.database.hostname=localhost
    debezium.source.database.port=%d
    debezium.source.database.user=%s
    debezium.source.database.password=%s
    debezium.source.database.dbname=%s
    debezium.source.topic.prefix=bench
    debezium.source.plugin.name=pgoutput
    debezium.source.slot.name=%s
    debezium.source.publication.name=%s
    debezium.source.publication.autocreate.mode=disabled
    debezium.source.snapshot.mode=no_data
    debezium.source.table.include.list=public.outbox_event
    debezium.source.message.prefix.exclude.list=.*
    debezium.source.binary.handling.mode=bytes
    debezium.source.tombstones.on.delete=false
    debezium.source.max.batch.size=8192
    debezium.source.max.queue.size=32768
    debezium.source.poll.interval.ms=5
    debezium.transforms=outbox
    debezium.transforms.outbox.type=io.debezium.transforms.outbox.EventRouter
    debezium.transforms.outbox.table.field.event.id=id
    debezium.transforms.outbox.table.field.event.key=aggregateid
    debezium.transforms.outbox.table.field.event.payload=payload
    debezium.transforms.outbox.route.by.field=aggregatetype
    debezium.transforms.outbox.route.topic.replacement=bench.%s.\\\\${routedByValue}
    debezium.transforms.outbox.table.fields.additional.placement=type:header:eventType
    """
        .formatted(
            TcpPorts.free(),
            stack.brokers(),
            directory.resolve("offsets"),
            stack.database().port(),
            stack.database().username(),
            stack.database().password(),
            stack.database().name(),
            ID,
            ID,
            ID);
  }
}
