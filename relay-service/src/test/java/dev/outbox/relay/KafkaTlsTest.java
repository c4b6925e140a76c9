package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.LocalKafka;
import dev.outbox.local.LocalStack;
import dev.outbox.local.TlsListener;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.support.Certificates.Presented;
import dev.outbox.relay.support.ObservedRelay;
import dev.outbox.relay.support.OutboxDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The relay's way to a broker that wants TLS, certificates, passwords and rights. Whoever refuses
 * whom: the relay says so and waits, no event is set aside for it, and none is lost.
 */
@ParameterizedClass(name = "{0}")
@ValueSource(strings = {"at-least-once", "exactly-once"})
@Tag("slow")
class KafkaTlsTest extends TlsTestBase {

  private static final String OPEN = "OPEN";
  private static final String CERTIFIED = "CERTIFIED";
  private static final String LOGIN = "LOGIN";
  private static final String BY_CERTIFICATE = "CN=relay";
  private static final String PASSWORD = "relay-password";

  private static LocalKafka broker = LocalKafka.builder().build();

  @Parameter private String delivery = "";

  @BeforeAll
  static void startBroker() {
    broker =
        LocalKafka.builder()
            .grants()
            .listener(TlsListener.forAll(OPEN, certificates.server(Presented.GOOD)))
            .listener(
                TlsListener.forCertificates(
                    CERTIFIED, certificates.server(Presented.GOOD), certificates.authority()))
            .listener(TlsListener.forPasswords(LOGIN, certificates.server(Presented.GOOD)))
            // Who has logged in has to do so again this often.
            .setting("connections.max.reauth.ms", "1000")
            .start();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @BeforeEach
  void presentGoodCertificate() {
    broker.present(OPEN, certificates.server(Presented.GOOD));
  }

  @Override
  OutboxDatabase newDatabase(LocalStack stack) {
    return OutboxDatabase.create(stack.postgres());
  }

  @Override
  String bootstrapServers(LocalStack stack) {
    return broker.bootstrapServers();
  }

  @Test
  void aRelayThatTrustsTheBrokerPublishes() {
    start(OPEN, certificates.kafka());
    assertPublishes();
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED, has expired, Renew the brokers' certificates",
    "UNTRUSTED, no authority signed which the relay trusts, ssl.truststore.location",
    "OTHER_HOST, not made for this host name, advertised.listeners"
  })
  void aBrokersBadCertificateIsToldAndGoneOnFromWhenItIsRenewed(
      Presented bad, String words, String remedy) {
    broker.present(OPEN, certificates.server(bad));
    RelayException failure = start(OPEN, certificates.kafka()).awaitFailure(words);
    assertThat(failure.problem()).contains(broker.bootstrapServers(OPEN));
    assertThat(failure.remedy()).contains(remedy);
    broker.present(OPEN, certificates.server(Presented.GOOD));
    assertPublishes();
  }

  @Test
  void aCertificateThatGoesBadUnderARelayHoldsItsEventsBackAndParksNone() {
    Map<String, String> settings = new HashMap<>(certificates.kafka());
    // So that it has to shake hands again.
    settings.put("kafka.properties.connections.max.idle.ms", "300");
    ObservedRelay relay = start(OPEN, settings);
    assertPublishes();
    broker.present(OPEN, certificates.server(Presented.EXPIRED));
    List<String> written = writeUntil(relay, "has expired");
    broker.present(OPEN, certificates.server(Presented.GOOD));
    assertAllArrive(written);
  }

  @Test
  void theRelaysOwnCertificateOpensTheDoor() {
    grantAll(BY_CERTIFICATE);
    start(CERTIFIED, certificates.kafkaWithOwn());
    assertPublishes();
  }

  @Test
  void aRelayWithoutACertificateIsToldWhatIsMissing() {
    RelayException failure =
        start(CERTIFIED, certificates.kafka())
            .awaitFailure("does not accept the relay's own certificate, or misses one");
    assertThat(failure.remedy()).contains("outbox.relay.kafka.properties.ssl.keystore.location");
  }

  @Test
  void aCertificateOfTheRelayThatTheBrokerDoesNotTrustIsToldAndMayBeExchanged() {
    grantAll(BY_CERTIFICATE);
    certificates.give(certificates.stranger().client("relay"));
    ObservedRelay relay = start(CERTIFIED, certificates.kafkaWithOwn());
    relay.awaitFailure("does not accept the relay's own certificate");
    certificates.give(certificates.authority().client("relay"));
    assertPublishes();
  }

  @Test
  void anExpiredCertificateOfTheRelayIsToldAndMayBeExchanged() {
    grantAll(BY_CERTIFICATE);
    certificates.give(certificates.authority().expiredClient("relay"));
    ObservedRelay relay = start(CERTIFIED, certificates.kafkaWithOwn());
    relay.awaitFailure("does not accept the relay's own certificate");
    certificates.give(certificates.authority().client("relay"));
    assertPublishes();
  }

  @Test
  void filesThatAreNotThereAreNamed() {
    Map<String, String> settings = new HashMap<>(certificates.kafka());
    settings.put("kafka.properties.ssl.truststore.location", "/none/trusted.pem");
    RelayException failure = start(OPEN, settings).awaitFailure("/none/trusted.pem");
    assertThat(failure.remedy()).contains("can read the files");
  }

  @Test
  void aPasswordOpensTheDoorOnceTheAccountIsThere() {
    String user = database.slot();
    grantAll(user);
    ObservedRelay relay = start(LOGIN, certificates.kafkaWithPassword(user, PASSWORD));
    RelayException unknown = relay.awaitFailure("refuses the relay's login");
    assertThat(unknown.problem())
        .contains(broker.bootstrapServers(LOGIN))
        .contains("SCRAM-SHA-512");
    assertThat(unknown.remedy()).contains("outbox.relay.kafka.properties.").contains("sasl.jaas");
    broker.accounts().put(user, "another password");
    relay.awaitFailure("refuses the relay's login");
    broker.accounts().put(user, PASSWORD);
    assertPublishes();
  }

  @Test
  void aRelayWithoutAPasswordIsToldWhatIsMissing() {
    RelayException none =
        start(
                LOGIN,
                Map.of(
                    "kafka.properties.security.protocol",
                    "SASL_SSL",
                    "kafka.properties.sasl.mechanism",
                    "SCRAM-SHA-512"))
            .awaitFailure("JAAS");
    assertThat(none.remedy()).contains("outbox.relay.kafka.properties");
    start(LOGIN, certificates.kafka()).awaitFailure("No Kafka broker answers");
  }

  @Test
  void anAccountThatIsRemovedUnderARelayHoldsItsEventsBackAndParksNone() {
    String user = database.slot();
    grantAll(user);
    broker.accounts().put(user, PASSWORD);
    ObservedRelay relay = start(LOGIN, certificates.kafkaWithPassword(user, PASSWORD));
    assertPublishes();
    broker.accounts().remove(user);
    List<String> written = writeUntil(relay, "login");
    broker.accounts().put(user, PASSWORD);
    assertAllArrive(written);
  }

  @Test
  void withoutTheRightToTheTransactionalIdNothingIsPublishedUntilItIsGranted() {
    Assumptions.assumeTrue(delivery.equals("exactly-once"));
    String user = database.slot();
    grantTopics(user);
    broker.accounts().put(user, PASSWORD);
    ObservedRelay relay = start(LOGIN, certificates.kafkaWithPassword(user, PASSWORD));
    RelayException failure = relay.awaitFailure("use its transactional id");
    assertThat(failure.remedy()).contains("outbox-relay-");
    grantTransactions(user);
    assertPublishes();
  }

  @Test
  void withoutTheRightToItsPositionTopicNothingIsPublishedUntilItIsGranted()
      throws InterruptedException {
    Assumptions.assumeTrue(delivery.equals("exactly-once"));
    String user = database.slot();
    grantTransactions(user);
    broker
        .grants(user)
        .allowAll(
            ResourceType.TOPIC,
            database.slot(),
            AclOperation.WRITE,
            AclOperation.DESCRIBE,
            AclOperation.CREATE);
    broker.accounts().put(user, PASSWORD);
    ObservedRelay relay = start(LOGIN, certificates.kafkaWithPassword(user, PASSWORD));
    String positions = "outbox.position.test-" + database.slot();
    assertThat(relay.awaitFailure("cannot be made").problem()).contains(positions);
    broker
        .grants(user)
        .allow(
            ResourceType.TOPIC,
            positions,
            AclOperation.CREATE,
            AclOperation.DESCRIBE,
            AclOperation.WRITE);
    assertPublishes();
    // And who comes after it finds a position there
    relay.close();
    RelayException unread =
        start(LOGIN, certificates.kafkaWithPassword(user, PASSWORD)).awaitFailure("cannot be read");
    assertThat(unread.problem()).contains(positions);
    assertThat(unread.remedy()).contains("Read");
    broker.grants(user).allow(ResourceType.TOPIC, positions, AclOperation.READ);
    String later = database.insert("Order", "1", "{}");
    await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().contains(later));
    assertThat(topics.ids()).doesNotHaveDuplicates();
  }

  @Test
  void withoutAnyRightToATopicItsEventsAreSetAsideAndOthersFlowOn() {
    String user = database.slot();
    grantAll(user);
    broker.accounts().put(user, PASSWORD);
    broker.createTopic(topic("Denied"), 1);
    broker.grants(user).deny(ResourceType.TOPIC, topic("Denied"), AclOperation.ALL);
    start(LOGIN, certificates.kafkaWithPassword(user, PASSWORD)).awaitLeading();
    String denied = database.insert("Denied", "1", "{}");
    String open = database.insert("Order", "1", "{}");
    await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().contains(open));
    await().atMost(PATIENCE).until(() -> parked().size() == 1);
    assertThat(parked()).extracting(Listed::id).containsExactly(denied);
    assertThat(parked().get(0).reason()).contains("may not write").contains(topic("Denied"));
  }

  /** Writes events, of several keys, until the relay tells a failure; what was written. */
  private List<String> writeUntil(ObservedRelay relay, String words) {
    List<String> written = new ArrayList<>(topics.ids());
    // Slowly, or connections would never be idle, and nobody would look at a certificate again.
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofSeconds(1))
        .until(
            () -> {
              written.add(database.insert("Order", "" + written.size() % 5, "{}"));
              return relay.hasFailed(words);
            });
    for (int i = 0; i < 20; i++) {
      written.add(database.insert("Order", "" + i % 5, "{}"));
    }
    assertThat(parked()).isEmpty();
    return written;
  }

  private void assertAllArrive(List<String> written) {
    await().atMost(PATIENCE).pollInSameThread().until(() -> topics.ids().containsAll(written));
    assertThat(parked()).isEmpty();
    Map<String, List<String>> byKey = database.eventIdsByKey();
    topics
        .idsByKey()
        .forEach(
            (key, ids) -> assertThat(ids.stream().distinct()).as(key).isEqualTo(byKey.get(key)));
  }

  @Override
  void assertPublishes() {
    super.assertPublishes();
    assertThat(parked()).isEmpty();
  }

  private void grantAll(String user) {
    grantTopics(user);
    grantTransactions(user);
  }

  private void grantTopics(String user) {
    for (String prefix : List.of(database.slot(), "outbox.position.test-" + database.slot())) {
      broker
          .grants(user)
          .allowAll(
              ResourceType.TOPIC,
              prefix,
              AclOperation.WRITE,
              AclOperation.DESCRIBE,
              AclOperation.CREATE,
              AclOperation.READ);
    }
  }

  private void grantTransactions(String user) {
    broker
        .grants(user)
        .allowAll(
            ResourceType.TRANSACTIONAL_ID,
            "outbox-relay-test-" + database.slot(),
            AclOperation.WRITE,
            AclOperation.DESCRIBE);
  }

  private ObservedRelay start(String listener, Map<String, String> more) {
    return start(settings(listener, more));
  }

  private RelaySettings settings(String listener, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.put("delivery", delivery);
    return settings(database, broker.bootstrapServers(listener), all);
  }

  private List<Listed> parked() {
    RelaySettings settings = settings(OPEN, Map.of());
    return new SourceDatabase(settings)
        .call(sql -> new ParkedTable(settings).list(sql, false, 10_000));
  }

  private String topic(String aggregateType) {
    return database.slot() + "." + aggregateType;
  }
}
