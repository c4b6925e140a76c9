package dev.outbox.relay.web.console;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.browser.Browser;
import dev.outbox.local.browser.WithBrowser;
import dev.outbox.relay.support.CommandRun;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import java.util.List;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What people see of an outbox in two shards: health, metrics, status, the console's page. */
@WithLocalStack
@WithBrowser
@Tag("slow")
class ShardsConsoleIT {

  private static final Map<String, String> SHARDS = Map.of("shards", "2", "engine", "pgoutput");

  private final Browser browser;
  @AutoClose private OutboxDatabase database;
  private Map<String, String> properties;

  ShardsConsoleIT(Browser browser) {
    this.browser = browser;
  }

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer kafka) {
    database = OutboxDatabase.createUninitialised(postgres);
    database.install(SHARDS);
    properties = TestSettings.properties(database, kafka.bootstrapServers(), SHARDS);
    browser.size(1280, 900);
    browser.open("about:blank");
    browser.complaints();
  }

  private static ConditionFactory patiently() {
    return await().atMost(PATIENCE);
  }

  @Test
  void eachShardIsSeen() {
    try (RelayProcess relay = RelayProcess.run(properties)) {
      patiently()
          .until(
              () -> {
                JsonNode shards = health(relay);
                return state(shards, "1of2").equals("Leading")
                    && state(shards, "2of2").equals("Leading");
              });
      patiently().until(() -> relay.get("/actuator/health/readiness").contains("\"UP\""));
      assertThat(relay.get("/actuator/prometheus"))
          .contains("outbox_relay_leading{shard=\"1\"} 1.0")
          .contains("outbox_relay_leading{shard=\"2\"} 1.0")
          .contains("outbox_relay_events_published_total{shard=\"2\"}");
      status();
      page(relay);
    }
  }

  private static JsonNode health(RelayProcess relay) {
    String answer = relay.get("/actuator/health");
    return JsonMapper.shared()
        .readTree(answer.isEmpty() ? "{}" : answer)
        .path("components")
        .path("relay")
        .path("details");
  }

  private static String state(JsonNode shards, String shard) {
    return shards.path(shard).path("details").path("state").asString("");
  }

  private void status() {
    CommandRun status = CommandRun.of(properties, "status", "--json");
    assertThat(status.exitCode()).as(status.err()).isZero();
    List<JsonNode> shards =
        JsonMapper.shared().readTree(status.out()).path("shards").valueStream().toList();
    assertThat(shards)
        .extracting(shard -> shard.path("slot").asString())
        .containsExactly(database.slot() + "_1of2", database.slot() + "_2of2");
    assertThat(shards)
        .allSatisfy(shard -> assertThat(shard.path("streaming").asBoolean()).isTrue());
  }

  private void page(RelayProcess relay) {
    browser.open(relay.url());
    patiently().until(() -> browser.text("#grade").equals("Fine"));
    patiently().until(() -> browser.find("#shard-choice").isDisplayed());
    assertThat(browser.driver().findElements(By.cssSelector("#shard option")))
        .extracting(option -> option.getText())
        .containsExactly("✔ 1 of 2: Leading", "✔ 2 of 2: Leading");
    choose("2");
    patiently().until(() -> browser.text("#relay-name").endsWith("-2of2"));
    choose("1");
    patiently().until(() -> browser.text("#relay-name").endsWith("-1of2"));
    var unused = browser.screenshot("console-shards");
    assertThat(browser.isTooWide()).isFalse();
    assertThat(browser.lowContrast()).isEmpty();
    assertThat(browser.complaints()).isEmpty();
  }

  private void choose(String shard) {
    browser.find("#shard option[value='%s']".formatted(shard)).click();
  }
}
