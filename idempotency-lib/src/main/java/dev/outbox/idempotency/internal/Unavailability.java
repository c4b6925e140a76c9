package dev.outbox.idempotency.internal;

import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.util.List;

/** Tells a database that is away or busy from one that refuses what it is asked to do. */
public final class Unavailability {

  /** Connection, resources, operator, system; and transactions that collided with others. */
  private static final List<String> CLASSES = List.of("08", "53", "57", "58", "40");

  /** A statement timeout: of the operator's class, and yet the statement's own fault. */
  private static final String CANCELLED = "57014";

  private static final int SQLSTATE_LENGTH = 5;

  private Unavailability() {}

  /** Whether the database was away or busy, so that nobody's work is to blame. */
  public static boolean isCauseOf(Throwable failure) {
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException e && isUnavailability(e)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Whether the database answered and refused: what was asked is rolled back for sure, and nothing
   * says that it would go better another time. Any sign of the contrary counts.
   */
  public static boolean isRefusal(Throwable failure) {
    boolean refused = false;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      if (t instanceof SQLException e) {
        String state = String.valueOf(e.getSQLState());
        if (isUnavailability(e) || state.equals(CANCELLED)) {
          return false;
        }
        refused |= state.length() == SQLSTATE_LENGTH;
      }
    }
    return refused;
  }

  private static boolean isUnavailability(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return failure instanceof SQLTransientConnectionException
        || failure instanceof SQLNonTransientConnectionException
        || failure instanceof SQLRecoverableException
        || (!state.equals(CANCELLED) && CLASSES.stream().anyMatch(state::startsWith));
  }
}
