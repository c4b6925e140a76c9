package dev.outbox.benchmarks;

import dev.outbox.local.ChildProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * PostgreSQL's own {@code pg_recvlogical}, which writes what the slot delivers to nowhere: the
 * limit of one replication slot.
 *
 * @param program its path
 */
record ReceiveLogical(Path program) {

  /** Its name in tables. */
  static final String NAME = "pg_recvlogical";

  private static final String ID = NAME;
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  void prepare(Database database) {
    database.execute(
        """
        create publication %s for table outbox_event (id, aggregatetype, aggregateid, type, payload,
          headers) with (publish = 'insert')
        """
            .formatted(ID));
    database.execute("select pg_create_logical_replication_slot('%s', 'pgoutput')".formatted(ID));
  }

  /** How long it takes for everything that is in the log now. */
  Duration drain(Database database) {
    return drain(database, ID);
  }

  /** The same from another slot, whose publication has its name. */
  Duration drain(Database database, String slot) {
    String end = database.query("select pg_current_wal_lsn()");
    // It ends when it sees a record behind the end.
    database.execute("select pg_logical_emit_message(true, 'bench', 'the end')");
    try {
      Path log = Files.createTempFile("bench-recvlogical", ".log");
      long begin = System.nanoTime();
      try (ChildProcess process =
          ChildProcess.start(
              List.of(
                  program.toString(),
                  "--host=localhost",
                  "--port=" + database.port(),
                  "--username=" + database.username(),
                  "--dbname=" + database.name(),
                  "--slot=" + slot,
                  "--start",
                  "--endpos=" + end,
                  "--file=/dev/null",
                  "--option=proto_version=1",
                  "--option=binary=true",
                  "--option=publication_names=" + slot),
              Map.of("PGPASSWORD", database.password()),
              "INT",
              log)) {
        if (process.awaitExit(PATIENCE) != 0) {
          throw new BenchmarkException("pg_recvlogical fails: " + process.output());
        }
        return Duration.ofNanos(System.nanoTime() - begin);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
