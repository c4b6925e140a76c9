package dev.outbox.relay.source.pgoutput;

import dev.outbox.relay.config.Shard;
import dev.outbox.relay.config.TableName;
import dev.outbox.relay.source.EventMessages;
import dev.outbox.relay.source.LogItems;
import dev.outbox.relay.source.SlotStart;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A row with a payload of 500 bytes, of a table that was described before. */
@State(Scope.Benchmark)
public class PgOutputDecoderBenchmark {

  private static final TableName TABLE = new TableName("public", "outbox_event");
  private static final int PAYLOAD_BYTES = 500;

  private final PgOutputDecoder decoder =
      new PgOutputDecoder(
          TABLE, new LogItems(new SlotStart(1, 100), new EventMessages(TABLE, Shard.WHOLE)));
  private final ByteBuffer row =
      PgOutputMessages.row(
          'b',
          "0123456789abcdef",
          "Order",
          "order-4711",
          "OrderPlaced",
          "x".repeat(PAYLOAD_BYTES),
          "{}");

  /** The decoder remembers the columns. */
  @Setup
  public void describe() {
    var unused = decoder.decode(PgOutputMessages.relation(PgOutputMessages.COLUMNS));
  }

  @Benchmark
  public @Nullable Object row() {
    return decoder.decode(row.rewind());
  }
}
