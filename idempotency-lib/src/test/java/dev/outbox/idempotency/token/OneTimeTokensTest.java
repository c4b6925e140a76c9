package dev.outbox.idempotency.token;

import static dev.outbox.local.Patience.PATIENCE;
import static java.util.concurrent.CompletableFuture.supplyAsync;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.outbox.idempotency.TestDatabase;
import dev.outbox.idempotency.TransactionRequiredException;
import dev.outbox.idempotency.token.TokenResult.Accepted;
import dev.outbox.idempotency.token.TokenResult.AlreadySpent;
import dev.outbox.idempotency.token.TokenResult.Expired;
import dev.outbox.idempotency.token.TokenResult.OtherScope;
import dev.outbox.idempotency.token.TokenResult.Unknown;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

@WithLocalStack
class OneTimeTokensTest {

  private static final Duration HOUR = Duration.ofHours(1);
  private static final TokenScope OURS = new TokenScope("user 7", "submit-order");
  private static final int THREADS = 32;

  private final OneTimeTokens tokens = OneTimeTokens.inDefaultTable();
  private final TestDatabase database;

  OneTimeTokensTest(PostgresServer postgres) throws SQLException {
    database = TestDatabase.withEffects(postgres);
    database.applyPublished("one_time_token");
  }

  @Test
  void aTokenIsSpentOnceAndOnlyOnce() throws SQLException {
    // Given
    String token = issue(HOUR);

    // Then
    assertThat(spend(token, OURS)).isEqualTo(new Accepted());
    assertThat(spend(token, OURS)).isEqualTo(new AlreadySpent());
    assertThat(spend(token, OURS).accepted()).isFalse();
  }

  @Test
  void ofManyThatSpendATokenAtOnceExactlyOneIsAcceptedAndHasItsEffect() throws SQLException {
    // Given
    String token = issue(HOUR);
    CyclicBarrier together = new CyclicBarrier(THREADS);

    // When
    List<CompletableFuture<TokenResult>> results =
        IntStream.range(0, THREADS)
            .mapToObj(
                i -> supplyAsync(() -> spendTogether(token, together), TestDatabase.THREAD_EACH))
            .toList();
    List<TokenResult> all =
        results.stream()
            .map(result -> result.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS))
            .map(CompletableFuture::join)
            .toList();

    // Then
    assertThat(all).filteredOn(TokenResult::accepted).hasSize(1);
    assertThat(all).filteredOn(new AlreadySpent()::equals).hasSize(THREADS - 1);
    assertThat(database.query("select 1 from effect")).hasSize(1);
  }

  private TokenResult spendTogether(String token, CyclicBarrier together) {
    try (Connection connection = database.begin()) {
      together.await();
      TokenResult result = tokens.spend(connection, token, OURS);
      if (result.accepted()) {
        TestDatabase.execute(connection, "insert into effect (event_id) values ('order')");
      }
      connection.commit();
      return result;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aRollbackGivesTheTokenBackAlsoToOneThatWaitsForIt() throws SQLException {
    // Given
    String token = issue(HOUR);
    try (Connection first = database.begin();
        Connection second = database.begin()) {
      assertThat(tokens.spend(first, token, OURS).accepted()).isTrue();

      // When
      CompletableFuture<TokenResult> waiting =
          supplyAsync(() -> spendUnchecked(second, token), TestDatabase.THREAD_EACH);
      await().atMost(PATIENCE).until(() -> database.waitingForLocks().size() == 1);
      first.rollback();

      // Then
      assertThat(waiting).succeedsWithin(PATIENCE).isEqualTo(new Accepted());
      second.rollback();
    }
    assertThat(spend(token, OURS)).isEqualTo(new Accepted());
  }

  private TokenResult spendUnchecked(Connection connection, String token) {
    try {
      return tokens.spend(connection, token, OURS);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void underRepeatableReadTheLoserFailsAndItsRepetitionSeesTheRepeat() throws SQLException {
    // Given
    String token = issue(HOUR);
    try (Connection loser = database.begin()) {
      loser.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      TestDatabase.execute(loser, "select 1");

      // When
      assertThat(spend(token, OURS).accepted()).isTrue();

      // Then
      assertThatThrownBy(() -> tokens.spend(loser, token, OURS))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("40001"));
      loser.rollback();
      assertThat(tokens.spend(loser, token, OURS)).isEqualTo(new AlreadySpent());
    }
  }

  @Test
  void anExpiredTokenIsRefusedAndSaysSo() throws SQLException {
    // Given
    String token = issue(HOUR);
    database.execute("update one_time_token set expires_at = now() - interval '1 minute'");

    // Then
    assertThat(spend(token, OURS)).isInstanceOf(Expired.class);
    assertThat(database.query("select spent_at from one_time_token")).containsExactly("null");
  }

  @Test
  void theTimeOfTheCallCountsAndNotThatOfTheTransactionsBegin() throws SQLException {
    // Given: a transaction that began while the token was still good
    String token = issue(HOUR);
    try (Connection old = database.begin()) {
      TestDatabase.execute(old, "select 1");
      database.execute("update one_time_token set expires_at = clock_timestamp()");

      // Then
      assertThat(tokens.spend(old, token, OURS)).isInstanceOf(Expired.class);
    }
  }

  @Test
  void aSpentTokenStaysSpentWhenItHasExpired() throws SQLException {
    // Given
    String token = issue(HOUR);
    spend(token, OURS);
    database.execute("update one_time_token set expires_at = now() - interval '1 minute'");

    // Then
    assertThat(spend(token, OURS)).isEqualTo(new AlreadySpent());
  }

  @Test
  void whatWasNeverIssuedIsUnknownWhateverItLooksLike() throws SQLException {
    issue(HOUR);
    for (String text : List.of("", "x", "\0", "\ud800", TokenText.random(), "'; --")) {
      assertThat(spend(text, OURS)).isEqualTo(new Unknown());
    }
  }

  @Test
  void anotherSubjectOrPurposeCannotSpendItNorLearnWhatBecameOfIt() throws SQLException {
    // Given
    String token = issue(HOUR);
    List<TokenScope> others =
        List.of(
            new TokenScope("user 8", OURS.purpose()), new TokenScope(OURS.subject(), "pay-order"));

    // Then: the same before and after it is spent, and when it has expired
    for (TokenScope other : others) {
      assertThat(spend(token, other)).isEqualTo(new OtherScope());
    }
    assertThat(spend(token, OURS)).isEqualTo(new Accepted());
    for (TokenScope other : others) {
      assertThat(spend(token, other)).isEqualTo(new OtherScope());
    }
    database.execute("update one_time_token set expires_at = now() - interval '1 minute'");
    for (TokenScope other : others) {
      assertThat(spend(token, other)).isEqualTo(new OtherScope());
    }
  }

  @Test
  void tokensAreLongRandomAndStoredOnlyAsTheirHash() throws SQLException {
    // When
    List<String> issued = Stream.generate(this::issueUnchecked).limit(50).toList();

    // Then
    assertThat(issued)
        .doesNotHaveDuplicates()
        .allSatisfy(
            token ->
                assertThat(Base64.getUrlDecoder().decode(token)).hasSizeGreaterThanOrEqualTo(16));
    String everything = String.join(" ", database.query("select t::text from one_time_token t"));
    assertThat(issued)
        .allSatisfy(
            token ->
                assertThat(everything)
                    .doesNotContain(token)
                    .doesNotContain(hex(token.getBytes(StandardCharsets.UTF_8)))
                    .doesNotContain(hex(Base64.getUrlDecoder().decode(token))));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private String issueUnchecked() {
    try {
      return issue(HOUR);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void inAutoCommitModeNothingIsSpent() throws SQLException {
    // Given
    String token = issue(HOUR);

    // Then
    try (Connection connection = database.dataSource().getConnection()) {
      assertThatThrownBy(() -> tokens.spend(connection, token, OURS))
          .isInstanceOf(TransactionRequiredException.class)
          .hasMessageContaining("setAutoCommit(false)")
          .hasMessageNotContaining(token);
    }
    assertThat(spend(token, OURS).accepted()).isTrue();
  }

  @Test
  void aValidityThatMakesNoSenseIsRefused() throws SQLException {
    try (Connection connection = database.begin()) {
      for (Duration validity : List.of(Duration.ZERO, HOUR.negated(), Duration.ofDays(366))) {
        assertThatThrownBy(() -> tokens.issue(connection, OURS, validity))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(validity.toString());
      }
    }
  }

  @Test
  void expiredTokensAreDeletedInBoundedBatchesAndNoOthers() throws SQLException {
    // Given
    for (int i = 0; i < 5; i++) {
      issue(HOUR);
    }
    database.execute("update one_time_token set expires_at = now() - interval '2 days'");
    String young = issue(HOUR);

    // When
    try (Connection connection = database.begin()) {
      assertThat(tokens.deleteExpired(connection, Duration.ofDays(1), 3)).isEqualTo(3);
      assertThat(tokens.deleteExpired(connection, Duration.ofDays(1), 3)).isEqualTo(2);
      connection.commit();
    }

    // Then
    assertThat(spend(young, OURS).accepted()).isTrue();
  }

  private String issue(Duration validity) throws SQLException {
    try (Connection connection = database.dataSource().getConnection()) {
      return tokens.issue(connection, OURS, validity);
    }
  }

  private TokenResult spend(String token, TokenScope scope) throws SQLException {
    try (Connection connection = database.begin()) {
      TokenResult result = tokens.spend(connection, token, scope);
      connection.commit();
      return result;
    }
  }
}
