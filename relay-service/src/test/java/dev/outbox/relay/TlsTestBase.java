package dev.outbox.relay;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.LocalStack;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.support.Certificates;
import dev.outbox.relay.support.ObservedRelay;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import dev.outbox.relay.support.TopicReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Certificates for both ends of the relay's ways, a database for each test, and the relays that it
 * starts. Before each test the relay has a good certificate of its own.
 */
@WithLocalStack
abstract class TlsTestBase {

  @TempDir static Path folder = Path.of("");
  static Certificates certificates = new Certificates(Path.of("target"));

  @AutoClose OutboxDatabase database;
  @AutoClose TopicReader topics;

  /** Where the tests read what was published, past all certificates. */
  private String bootstrapServers = "";

  private final List<ObservedRelay> relays = new ArrayList<>();

  @BeforeAll
  static void makeCertificates() {
    certificates = new Certificates(folder);
  }

  @BeforeEach
  void createDatabase(LocalStack stack) {
    database = newDatabase(stack);
    bootstrapServers = bootstrapServers(stack);
    topics = new TopicReader(bootstrapServers, database.slot());
    certificates.give(certificates.authority().client("relay"));
  }

  @AfterEach
  void stopRelays() throws InterruptedException {
    for (ObservedRelay relay : relays) {
      relay.close();
    }
  }

  /** A database that a relay can start on. */
  abstract OutboxDatabase newDatabase(LocalStack stack);

  /** The broker of the tests, for clients that nothing stands in the way of. */
  abstract String bootstrapServers(LocalStack stack);

  String bootstrapServers() {
    return bootstrapServers;
  }

  /** Settings of a relay that soon tries again. */
  static RelaySettings settings(
      OutboxDatabase source, String bootstrapServers, Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.put("backoff.initial", "100ms");
    all.put("backoff.max", "200ms");
    return TestSettings.of(source, bootstrapServers, all);
  }

  ObservedRelay start(RelaySettings settings) {
    ObservedRelay relay = ObservedRelay.start(settings);
    relays.add(relay);
    return relay;
  }

  /** The relay that was started first publishes, and has not published anything before. */
  void assertPublishes() {
    relays.get(0).awaitLeading(); // what is written before there is a slot is not published
    String event = database.insert("Order", "1", "{}");
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .untilAsserted(() -> assertThat(topics.ids()).containsExactly(event));
  }
}
