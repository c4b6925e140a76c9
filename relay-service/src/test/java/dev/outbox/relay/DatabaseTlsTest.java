package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.LocalPostgres;
import dev.outbox.local.LocalStack;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.tls.Identity;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.support.Certificates.Presented;
import dev.outbox.relay.support.ObservedRelay;
import dev.outbox.relay.support.OutboxDatabase;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The relay's ways to a server that lets nobody in without TLS and a certificate of his own. */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"debezium", "pgoutput"})
@Tag("slow")
class DatabaseTlsTest extends TlsTestBase {

  private static final String ROLE = "relay";
  private static final String PASSWORD = "relay-password";

  /** Those of the relay, as the server sees them. */
  private static final String CONNECTIONS =
      """
      select distinct a.backend_type || ' ' || s.ssl || ' ' || s.version || ' ' || s.client_dn
      from pg_stat_activity a join pg_stat_ssl s using (pid)
      where a.usename = '%s'
      order by 1
      """
          .formatted(ROLE);

  private static LocalPostgres server = LocalPostgres.builder().build();

  @Parameter private String engine = "";

  @BeforeAll
  static void startServer() {
    server =
        LocalPostgres.builder()
            .mutualTls(certificates.server(Presented.GOOD), certificates.authority())
            .start();
    try (OutboxDatabase any = OutboxDatabase.createEmpty(server)) {
      any.execute(
          """
          create role %s login superuser replication password '%s';
          create role unencrypted;
          """
              .formatted(ROLE, PASSWORD));
    }
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void presentGoodCertificate() {
    server.present(certificates.server(Presented.GOOD));
  }

  @Override
  OutboxDatabase newDatabase(LocalStack stack) {
    OutboxDatabase made = OutboxDatabase.createEmpty(server);
    // The certificates are about the relay.
    made.execute(
        "grant unencrypted to %s, %s"
            .formatted(made.roles().owner().role(), made.roles().service().role()));
    made.createTable();
    made.install();
    return made;
  }

  @Override
  String bootstrapServers(LocalStack stack) {
    return stack.kafka().bootstrapServers();
  }

  @Test
  void everyConnectionIsEncryptedAndShowsTheRelaysCertificate() {
    start(certificates.urlWithOwn(database.url()));
    assertPublishes();
    // The stream, and the one on which the relay looks whether it still leads
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(database.queryAll(CONNECTIONS))
                    .containsExactly(
                        "client backend true TLSv1.3 /CN=relay",
                        "walsender true TLSv1.3 /CN=relay"));
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED, has expired",
    "UNTRUSTED, no authority signed which the relay trusts",
    "OTHER_HOST, not made for this host name"
  })
  void aServersBadCertificateIsToldAndGoneOnFromWhenItIsRenewed(Presented bad, String words) {
    server.present(certificates.server(bad));
    RelayException failure = start(certificates.urlWithOwn(database.url())).awaitFailure(words);
    assertThat(failure.problem()).contains("localhost:" + server.port());
    assertThat(failure.remedy())
        .contains(
            switch (bad) {
              case EXPIRED -> "Renew the server's certificate";
              case UNTRUSTED -> "sslrootcert in outbox.relay.database.url";
              default -> "host name in outbox.relay.database.url";
            });
    server.present(certificates.server(Presented.GOOD));
    assertPublishes();
  }

  @Test
  void aCertificateOfTheRelayThatTheServerDoesNotTrustIsToldAndMayBeExchanged() {
    certificates.give(certificates.stranger().client("relay"));
    ObservedRelay relay = start(certificates.urlWithOwn(database.url()));
    RelayException failure = relay.awaitFailure("requires a valid client certificate");
    assertThat(failure.remedy()).contains("sslcert").contains("outbox.relay.database.url");
    certificates.give(certificates.authority().client("relay"));
    assertPublishes();
  }

  /** The server's last words may be lost with the connection. */
  @Test
  void anExpiredCertificateOfTheRelayIsToldAndMayBeExchanged() {
    certificates.give(certificates.authority().expiredClient("relay"));
    RelayException failure =
        start(certificates.urlWithOwn(database.url())).awaitFailure("localhost:" + server.port());
    assertThat(failure.remedy()).contains("certificate").contains("PostgreSQL's log");
    certificates.give(certificates.authority().client("relay"));
    assertPublishes();
  }

  @Test
  void aRelayWithoutACertificateIsToldWhatIsMissing() {
    RelayException failure =
        start(certificates.url(database.url()) + "&sslcert=/none.crt&sslkey=/none.pk8")
            .awaitFailure("certificate");
    assertThat(failure.problem()).contains("localhost:" + server.port());
    assertThat(failure.remedy()).contains("sslcert");
  }

  @Test
  void aRelayWithoutTlsIsToldToUseIt() {
    RelayException failure =
        start(database.url() + "?sslmode=disable").awaitFailure("no encryption");
    assertThat(failure.problem()).contains("refuses role 'relay'");
    assertThat(failure.remedy()).contains("sslmode");
  }

  @Test
  void anAuthorityThatIsNotThereIsToldAndReadWhenItComes() {
    Path later = folder.resolve(database.slot() + ".pem");
    String url =
        certificates
            .urlWithOwn(database.url())
            .replace(certificates.trusted().toString(), later.toString());
    RelayException failure = start(url).awaitFailure(later.toString());
    assertThat(failure.remedy()).contains("outbox.relay.database.url");
    Identity.write(certificates.authority().certificate(), later);
    assertPublishes();
  }

  @Test
  void aServerThatSpeaksNoTlsIsNotSpokenToWithoutIt(PostgresServer plain) throws Exception {
    try (OutboxDatabase other = OutboxDatabase.create(plain)) {
      ObservedRelay relay = start(other, Map.of("database.url", certificates.url(other.url())));
      RelayException failure = relay.awaitFailure("does not speak TLS");
      assertThat(failure.remedy()).contains("ssl=on").contains("sslmode");
      relay.close();
    }
  }

  private ObservedRelay start(String url) {
    return start(
        database,
        Map.of("database.url", url, "database.username", ROLE, "database.password", PASSWORD));
  }

  private ObservedRelay start(OutboxDatabase source, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.put("engine", engine);
    return start(settings(source, bootstrapServers(), all));
  }
}
