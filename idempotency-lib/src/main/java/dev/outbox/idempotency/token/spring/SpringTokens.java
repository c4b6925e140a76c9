package dev.outbox.idempotency.token.spring;

import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.internal.spring.SpringConnection;
import dev.outbox.idempotency.token.OneTimeTokens;
import dev.outbox.idempotency.token.TokenResult;
import dev.outbox.idempotency.token.TokenScope;
import java.time.Duration;
import javax.sql.DataSource;
import org.springframework.dao.DataAccessException;

/**
 * One-time tokens within the running Spring transaction. Every method throws {@link
 * TransactionRequiredException} when no Spring transaction holds the data source, and {@link
 * DataAccessException} when the database refuses. Any number of threads may use one instance.
 */
public final class SpringTokens {

  private final OneTimeTokens tokens;
  private final SpringConnection connection;

  SpringTokens(OneTimeTokens tokens, DataSource dataSource) {
    this.tokens = tokens;
    this.connection = new SpringConnection("one-time tokens", dataSource);
  }

  /**
   * A new token for the client.
   *
   * @see OneTimeTokens#issue
   */
  public String issue(TokenScope scope, Duration validity) {
    return connection.call(c -> tokens.issue(c, scope, validity));
  }

  /**
   * Spend the token; a rollback gives it back.
   *
   * @see OneTimeTokens#spend
   */
  public TokenResult spend(String token, TokenScope scope) {
    return connection.call(c -> tokens.spend(c, token, scope));
  }

  /**
   * Forget tokens that expired long ago; to be called now and then, from a scheduled method.
   *
   * @return how many
   * @see OneTimeTokens#deleteExpired
   */
  public int deleteExpired(Duration age, int limit) {
    return connection.call(c -> tokens.deleteExpired(c, age, limit));
  }
}
