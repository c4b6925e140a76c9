package dev.outbox.idempotency.token;

import dev.outbox.idempotency.TransactionRequiredException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Issues tokens and spends each of them once. Every method works on the given connection and
 * neither commits nor closes it; only the database's clock decides whether a token has expired.
 *
 * <p>Immutable; any number of threads may use one instance, each with its own connection.
 */
public final class OneTimeTokens {

  private static final Duration LONGEST = Duration.ofDays(365);

  private final TokenTable table;
  private final String issueSql;
  private final String spendSql;

  private OneTimeTokens(TokenTable table) {
    this.table = table;
    this.issueSql =
        """
        insert into %s (hash, subject, purpose, expires_at)
        values (?, ?, ?, statement_timestamp() + ? * interval '1 millisecond')
        """
            .formatted(table.quoted());
    // One statement. Of two at once the second waits for the first one's end in the update and
    // then sees its result; the reading beside it still sees the state before, hence the order
    // in which result() looks.
    this.spendSql =
        """
        with spent as (
          update %1$s set spent_at = statement_timestamp()
          where hash = ? and subject = ? and purpose = ?
            and spent_at is null and expires_at > statement_timestamp()
          returning 1)
        select
          exists (select from spent),
          t.subject = ? and t.purpose = ?,
          t.spent_at is null and t.expires_at <= statement_timestamp(),
          t.expires_at
        from %1$s t where t.hash = ?
        """
            .formatted(table.quoted());
  }

  /** Tokens in the table {@code one_time_token} of the connection's schema. */
  public static OneTimeTokens inDefaultTable() {
    return in(TokenTable.DEFAULT);
  }

  public static OneTimeTokens in(TokenTable table) {
    return new OneTimeTokens(table);
  }

  /**
   * A new token, to be handed to the client with the page or the form.
   *
   * @param connection in a transaction or not; the token is good once this is committed
   * @param validity from now, a millisecond to a year
   * @return 43 characters that may stand in a URL and a header; only their hash is stored
   */
  public String issue(Connection connection, TokenScope scope, Duration validity)
      throws SQLException {
    if (validity.toMillis() < 1 || validity.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "A token's validity is a millisecond to %s, not %s".formatted(LONGEST, validity));
    }
    String token = TokenText.random();
    try (PreparedStatement insert = connection.prepareStatement(issueSql)) {
      insert.setBytes(1, TokenText.hash(token));
      insert.setString(2, scope.subject());
      insert.setString(3, scope.purpose());
      insert.setLong(4, validity.toMillis());
      insert.executeUpdate();
    }
    return token;
  }

  /**
   * Spend the token in the caller's transaction. A rollback gives it back.
   *
   * <p>Of several transactions that spend one token at the same time exactly one is accepted. Under
   * READ COMMITTED the others wait for its end; under REPEATABLE READ and SERIALIZABLE they fail
   * with SQLSTATE 40001, and their repetition sees {@link TokenResult.AlreadySpent}.
   *
   * @param connection not in auto-commit mode
   * @param token as the client presented it; anything may stand there
   * @param scope who presents it, and what for
   * @throws TransactionRequiredException when the connection is in auto-commit mode, where the
   *     token would stay spent when what it permits fails
   */
  public TokenResult spend(Connection connection, String token, TokenScope scope)
      throws SQLException {
    requireTransaction(connection);
    byte[] hash = TokenText.hash(token);
    try (PreparedStatement spend = connection.prepareStatement(spendSql)) {
      spend.setBytes(1, hash);
      spend.setString(2, scope.subject());
      spend.setString(3, scope.purpose());
      spend.setString(4, scope.subject());
      spend.setString(5, scope.purpose());
      spend.setBytes(6, hash);
      try (ResultSet row = spend.executeQuery()) {
        return row.next() ? result(row) : new TokenResult.Unknown();
      }
    }
  }

  private static TokenResult result(ResultSet row) throws SQLException {
    if (row.getBoolean(1)) {
      return new TokenResult.Accepted();
    }
    if (!row.getBoolean(2)) {
      return new TokenResult.OtherScope();
    }
    return row.getBoolean(3)
        ? new TokenResult.Expired(row.getTimestamp(4).toInstant())
        // Also when the row looks unspent: then another transaction spent it meanwhile.
        : new TokenResult.AlreadySpent();
  }

  /**
   * Forget tokens that expired long ago, spent or not; presented again they are unknown.
   *
   * @param age since they expired
   * @param limit at most so many, to keep the transaction short
   * @return how many; fewer than the limit when nothing is left for now
   */
  public int deleteExpired(Connection connection, Duration age, int limit) throws SQLException {
    String sql =
        """
        with old as materialized (
          select hash from %1$s where expires_at < now() - ? * interval '1 millisecond'
          order by expires_at limit ? for update skip locked)
        delete from %1$s where hash in (select hash from old)
        """;
    try (PreparedStatement delete = connection.prepareStatement(sql.formatted(table.quoted()))) {
      delete.setLong(1, age.toMillis());
      delete.setInt(2, limit);
      return delete.executeUpdate();
    }
  }

  private void requireTransaction(Connection connection) throws SQLException {
    if (connection.getAutoCommit()) {
      throw new TransactionRequiredException(
          "A token of %s was to be spent on a connection in auto-commit mode, where it would stay"
                  .formatted(table.quoted())
              + " spent though what it permits fails. Call connection.setAutoCommit(false), or use"
              + " the connection of the running transaction. Nothing was written.");
    }
  }
}
