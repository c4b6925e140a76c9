package dev.outbox.relay.source;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What the replication connection of every engine has in common. */
public final class StreamSettings {

  /**
   * After how long without a word from this side the server ends the stream, so that another
   * instance gets the slot of one that hangs or is cut off. The server's own default is a minute.
   */
  private static final Duration SLOT_HELD_IN_SILENCE = Duration.ofSeconds(10);

  /** How often Debezium reports to the server: several times within that time. */
  public static final Duration STATUS_UPDATE = Duration.ofMillis(2_500);

  private StreamSettings() {}

  /**
   * The server's options for this connection alone. Of two values for one option the server takes
   * the latter.
   *
   * @param given what the database's URL says in its parameter {@code options}
   */
  public static String serverOptions(@Nullable String given) {
    String own = "-c wal_sender_timeout=" + SLOT_HELD_IN_SILENCE.toMillis();
    return given == null ? own : own + " " + given;
  }
}
