package dev.outbox.relay.web.console;

import dev.outbox.relay.operations.Backlog;
import dev.outbox.relay.parking.ParkedTable.Listed;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the database said last, for all who look at the console.
 *
 * @param backlog what waits; null as long as the database has not answered
 * @param parked events that are set aside, the first of them
 * @param answeredAt when it answered; null as long as it has not
 * @param problem why it does not answer now; empty while it does
 */
record Surroundings(
    @Nullable Backlog backlog, List<Listed> parked, @Nullable Instant answeredAt, String problem) {

  static final Surroundings UNKNOWN =
      new Surroundings(null, List.of(), null, "The database has not been asked yet.");

  Surroundings unanswered(String why) {
    return new Surroundings(backlog, parked, answeredAt, why);
  }
}
