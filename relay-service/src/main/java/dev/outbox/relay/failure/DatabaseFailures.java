package dev.outbox.relay.failure;

import java.sql.SQLException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Tells what PostgreSQL's error codes mean for the relay and what to do about them. */
public final class DatabaseFailures {

  /** SQL states of this class come from the driver when it has lost the server or finds none. */
  private static final String CONNECTION_EXCEPTIONS = "08";

  private static final Set<String> SHUT_DOWN = Set.of("57P01", "57P02", "57P03");

  private static final String DENIED = "42501";

  private DatabaseFailures() {}

  /**
   * The failure in an operator's words.
   *
   * @param stage where it happened
   * @param failure anything with an {@link SQLException} among its causes
   * @param database host, port and name, without secrets
   * @param username the role that was used
   * @return null when no SQL failure is among the causes
   */
  public static @Nullable RelayException explain(
      Stage stage, Throwable failure, String database, String username) {
    SQLException sql = find(failure);
    if (sql == null) {
      return null;
    }
    String state = sql.getSQLState() == null ? "" : sql.getSQLState();
    String message = "%s (SQLSTATE %s)".formatted(firstLine(sql.getMessage()), state);
    @Nullable TlsFault fault = TlsFault.among(failure);
    if (fault != null) {
      return new RelayException(
          stage,
          "The database at %s %s: %s".formatted(database, fault.words(), message),
          remedy(fault),
          failure);
    }
    return switch (state) {
      case "08001", "08004", "08006", "08003", "57P01", "57P02", "57P03" ->
          new RelayException(
              stage,
              "The database at %s cannot be reached: %s".formatted(database, message),
              namesFile(message)
                  ? "Correct sslrootcert, sslcert and sslkey in outbox.relay.database.url: they name"
                      + " files that the relay can read. It goes on by itself once they are there."
                  : "Start PostgreSQL, or correct outbox.relay.database.url; the relay goes on by"
                      + " itself once the database answers. PostgreSQL's log tells whether it refused"
                      + " the relay's certificate.",
              failure);
      case "28P01", "28000" ->
          new RelayException(
              stage,
              "The database at %s refuses role '%s': %s".formatted(database, username, message),
              "Check outbox.relay.database.username and outbox.relay.database.password, and that"
                  + " pg_hba.conf admits the role; where it wants TLS or a certificate, set sslmode,"
                  + " sslcert and sslkey in outbox.relay.database.url.",
              failure);
      case "3D000" ->
          new RelayException(
              stage,
              "The database of %s does not exist: %s".formatted(database, message),
              "Create it, or correct outbox.relay.database.url.",
              failure);
      case DENIED ->
          new RelayException(
              stage,
              "Role '%s' lacks a privilege: %s".formatted(username, message),
              "Grant it; docs/sql/roles.sql lists what the relay's role needs. Or run 'init' with a"
                  + " role that owns the table, 'init --without-slot' if that may not replicate.",
              failure);
      case "53300" ->
          new RelayException(
              stage,
              "The database at %s has no connection left: %s".formatted(database, message),
              "Raise max_connections or max_wal_senders, or close other connections.",
              failure);
      case "53400" ->
          new RelayException(
              stage,
              "The server has no replication slot left: %s".formatted(message),
              "Raise max_replication_slots, or drop slots that nobody uses.",
              failure);
      default ->
          new RelayException(
              stage,
              "The database at %s reports: %s".formatted(database, message),
              "See PostgreSQL's log; the relay tries again by itself.",
              failure);
    };
  }

  /** Whether it is the driver that cannot read what the URL names. */
  private static boolean namesFile(String message) {
    return message.contains("SSL") && message.contains(" file ");
  }

  private static String remedy(TlsFault fault) {
    return switch (fault) {
      case UNTRUSTED ->
          "Set sslrootcert in outbox.relay.database.url to a file with the certificate of the"
              + " authority that signed the server's; the relay goes on by itself.";
      case EXPIRED, NOT_YET_VALID ->
          "Renew the server's certificate and reload PostgreSQL, or correct the clock; the relay goes"
              + " on by itself.";
      case OTHER_HOST ->
          "Use the host name in outbox.relay.database.url that stands in the server's certificate, or"
              + " have one made for the name in the URL.";
      case CLIENT_REFUSED, HUNG_UP ->
          "Set sslcert and sslkey in outbox.relay.database.url to a certificate that the server's"
              + " ssl_ca_file trusts and that has not expired, and to its key; PostgreSQL's log tells"
              + " what it refused.";
      case NOT_SPOKEN ->
          "Set ssl=on at the server, or name another sslmode in outbox.relay.database.url.";
    };
  }

  /** The SQL state among a failure's causes, or an empty text. */
  public static String stateOf(Throwable failure) {
    SQLException sql = find(failure);
    return sql == null || sql.getSQLState() == null ? "" : sql.getSQLState();
  }

  /** Whether the role lacks a privilege. */
  public static boolean isDenied(Throwable failure) {
    return stateOf(failure).equals(DENIED);
  }

  /** Whether no server answered at all, or not in time; a refusal is an answer. */
  public static boolean isUnreachable(Throwable failure) {
    return stateOf(failure).startsWith(CONNECTION_EXCEPTIONS);
  }

  /** Whether the server says that it ends, has crashed or is not there yet. */
  public static boolean isShutDown(Throwable failure) {
    return SHUT_DOWN.contains(stateOf(failure));
  }

  private static @Nullable SQLException find(Throwable failure) {
    @Nullable SQLException found = null;
    for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof SQLException sql) {
        found = sql;
      }
    }
    return found;
  }

  private static String firstLine(@Nullable String message) {
    return message == null ? "no message" : message.lines().findFirst().orElse("no message");
  }
}
