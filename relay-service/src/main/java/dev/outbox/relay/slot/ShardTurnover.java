package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.Preflight.Outcome.Ready;
import java.util.function.Predicate;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Ends and beginnings of a shard at markers in the log, as the database knows them. For the engine
 * thread; one object serves one run, and only the newest run may write.
 */
public final class ShardTurnover {

  private final SourceDatabase database;
  private final RelayRecord record;
  private final ShardRecord shards;
  private final long run;
  private Succession succession;

  /** With what was known when the run began. */
  public ShardTurnover(SourceDatabase database, RelaySettings settings, Ready ready) {
    this.database = database;
    this.record = new RelayRecord(settings);
    this.shards = new ShardRecord(settings);
    this.run = ready.run();
    this.succession = ready.succession();
  }

  /** What a marker means to this shard. */
  public enum Meaning {
    /** Nothing. */
    NONE,
    /** It begins behind it. */
    BEGINNING,
    /** It ends before it. */
    END
  }

  /** Whether other shards publish, or have published, what stands at a position. */
  public boolean passesBy(SourcePosition position) {
    return succession.passesBy(position);
  }

  /** Asks the database, since a run does not know of a change that came after its beginning. */
  public Meaning meaning(String marker) {
    if (succession.marker().filter(marker::equals).isPresent()) {
      return succession.awaitsMarker() ? Meaning.BEGINNING : Meaning.NONE;
    }
    boolean end =
        database.call(
            sql ->
                record
                    .read(sql)
                    .flatMap(memory -> memory.succession().endsAt())
                    .filter(marker::equals)
                    .isPresent());
    return end ? Meaning.END : Meaning.NONE;
  }

  /**
   * The shard begins behind this position; returns when that is durable.
   *
   * @throws dev.outbox.relay.failure.RelayException when it could not be written or another
   *     instance has taken over
   */
  public void begin(SourcePosition marker) {
    write(sql -> shards.beginBehind(sql, run, marker));
    succession = succession.begun(marker);
  }

  /**
   * Everything before the marker is published; returns when that is durable.
   *
   * @throws dev.outbox.relay.failure.RelayException when it could not be written or another
   *     instance has taken over
   */
  public void end() {
    write(sql -> shards.end(sql, run));
  }

  private void write(Predicate<JdbcClient> statement) {
    if (!database.inTransaction(Stage.PREFLIGHT, statement::test)) {
      throw RunFence.replaced();
    }
  }
}
