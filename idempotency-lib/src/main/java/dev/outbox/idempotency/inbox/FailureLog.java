package dev.outbox.idempotency.inbox;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * What is told of failures. No message of an exception: a database quotes the row in it, and with
 * that the payload.
 */
final class FailureLog {

  private static final Logger log = LoggerFactory.getLogger(InboxConsumer.class);

  private final String consumer;

  FailureLog(String consumer) {
    this.consumer = consumer;
  }

  void rolledBack(ReceivedEvent event, int attempt, Duration wait, Throwable failure) {
    of(log.atWarn(), event, attempt, failure)
        .addKeyValue("wait", wait)
        .log(
            "Batch rolled back, trying again after the wait; set this logger to DEBUG for details");
    log.atDebug().setCause(failure).log("Why the batch was rolled back");
  }

  void givenUp(ReceivedEvent event, int attempt, Throwable failure) {
    of(log.atWarn(), event, attempt, failure)
        .log(
            "Event given up, it goes to the dead-letter topic; remove the cause, then apply the"
                + " consumer's dead letters (DeadLetters.apply)");
    log.atDebug().setCause(failure).log("Why the event was given up");
  }

  void offsetsNotCommitted(String reason, boolean rebalance) {
    log.atLevel(rebalance ? Level.INFO : Level.WARN)
        .addKeyValue("consumer", consumer)
        .addKeyValue("reason", reason)
        .log(
            rebalance
                ? "Offsets not committed, the group rebalances; the inbox recognises the repeats"
                : "Offsets not committed, trying again; effects are committed");
  }

  void revokedInHand(int partitions, Duration waited) {
    log.atWarn()
        .addKeyValue("consumer", consumer)
        .addKeyValue("partitions", partitions)
        .addKeyValue("waited", waited)
        .log(
            "Partitions are given away while their events are in hand; their new owner waits for"
                + " this transaction and meets its markers");
  }

  private LoggingEventBuilder of(
      LoggingEventBuilder line, ReceivedEvent event, int attempt, Throwable failure) {
    return line.addKeyValue("consumer", consumer)
        .addKeyValue("topic", event.topic())
        .addKeyValue("partition", event.partition())
        .addKeyValue("offset", event.offset())
        .addKeyValue("eventId", event.id())
        .addKeyValue("attempt", attempt)
        .addKeyValue("error", failure.getClass().getName())
        .addKeyValue("sqlState", sqlState(failure).orElse("none"));
  }

  static Optional<String> sqlState(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException e && e.getSQLState() != null) {
        return Optional.of(e.getSQLState());
      }
    }
    return Optional.empty();
  }
}
