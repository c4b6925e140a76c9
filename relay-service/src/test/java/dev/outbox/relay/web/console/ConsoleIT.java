package dev.outbox.relay.web.console;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.local.browser.Browser;
import dev.outbox.local.browser.WithBrowser;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.WebElement;

/** The console in a browser, served by the relay as it is run. */
@WithLocalStack
@WithBrowser
@Tag("slow")
class ConsoleIT {

  private static final String NAME = "anna";
  private static final String PASSWORD = "correct horse battery";
  private static final int LIMIT = 4_000;

  private final CountDownLatch enough = new CountDownLatch(1);
  private final Browser browser;
  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;

  ConsoleIT(Browser browser) {
    this.browser = browser;
  }

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    kafka.createTopic(topic(), 2);
    kafka.configureTopic(topic(), "max.message.bytes", String.valueOf(LIMIT));
    browser.size(1280, 900);
    browser.dark(false);
    // The page of a relay that is gone would go on asking for it, and complain.
    browser.open("about:blank");
    browser.complaints();
  }

  @AfterEach
  void stopWriting() {
    enough.countDown();
  }

  @Test
  void anOperatorSeesWhatIsWrongAndPutsItRight() throws SQLException {
    try (RelayProcess relay = RelayProcess.run(properties(true))) {
      // Given a relay with some traffic
      relay.awaitLeading();
      Thread writer = write();
      browser.open(relay.url());
      awaitText("#state", "Leading");
      awaitText("#grade", "Fine");
      awaitText("#leader", "This instance leads");
      awaitText("#rate-now", "events/s published");
      awaitText("#settings", "outbox.relay.delivery", true);

      // When events are parked, the page says so and why
      String poison = database.insert("Order", "poison", "x".repeat(LIMIT));
      String behind = database.insert("Order", "poison", "waits");
      String hopeless = database.insert("Order", "hopeless", "x".repeat(LIMIT));
      awaitText("#grade", "Needs a look");
      awaitText("#parked-count", "3");
      awaitText("#parked", "Order/poison");
      assertThat(browser.text("#parked")).contains(poison, hopeless, "PUBLISHING", "1 behind");
      awaitText("#errors", "then 'parked retry'");

      // Then nobody may do anything about it without logging in, and not with a wrong password
      click("button[aria-label='Discard event " + hopeless + "']");
      say("#reason-form input[name=reason]", "a test order");
      awaitVisible("#login-dialog");
      say("#login-form input[name=username]", NAME);
      say("#login-form input[name=password]", "wrong");
      awaitText("#login-problem", "name or password are missing or wrong");
      browser.find("#login-form input[name=password]").clear();
      say("#login-form input[name=password]", PASSWORD);
      awaitText("#operator", "Logged in as " + NAME);

      // When the operator is logged in, what was asked for is done
      awaitTask("Discard parked event", "Discarded; the key flows.");
      awaitText("#parked-count", "2");
      assertThat(
              database.query("select note from outbox_parked where id = '%s'".formatted(hopeless)))
          .isEqualTo("a test order (by anna)");

      // And a retry in vain says so, and one after the cause is gone empties the list
      click("button[aria-label='Retry Order/poison']");
      say("#reason-form input[name=reason]", "perhaps it helps");
      awaitTask("Retry parked events of Order/poison", "still parked: 2 events");
      kafka.configureTopic(topic(), "max.message.bytes", "1000000");
      awaitPatiently()
          .untilAsserted(
              () -> {
                if (browser.text("#parked-count").equals("2")) {
                  click("#retry-all");
                  say("#reason-form input[name=reason]", "the limit is raised");
                  awaitPatiently().until(() -> browser.driver().findElements(RUNNING).isEmpty());
                }
                assertThat(browser.text("#parked-count")).isEqualTo("0");
              });
      assertThat(database.queryAll("select id from outbox_parked where state = 'released'"))
          .containsExactlyInAnyOrder(poison, behind);

      // When rows are replayed, progress is seen while it waits, and it can be cancelled
      try (Connection open = database.connect()) {
        open.setAutoCommit(false);
        OutboxDatabase.insert(open, "Order", "open", "x");
        replay("/open", "for the audit");
        awaitProgress("Replay rows");
        replay("/other", "a mistake");
        click("[data-task]:first-child button");
        say("#reason-form input[name=reason]", "indeed a mistake");
        awaitTask("Order/other", "Cancelled");
        open.commit();
      }
      awaitTask("Order/open", "Rows replayed: 1.");

      // And an audit finds everything
      enough.countDown();
      join(writer);
      say("#audit-form input[name=reason]", "before I go to bed");
      awaitTask("Audit", "Sound: nothing is lost, nothing out of order.");
      awaitText("#grade", "Fine");
      assertThat(relay.process().output())
          .contains("Operator's action: Discard parked event")
          .contains("by=\"anna\"")
          .contains("reason=\"a test order\"")
          .doesNotContain(PASSWORD);

      // And the page survives being loaded again, with what was done
      browser.driver().navigate().refresh();
      awaitText("#operator", "Logged in as " + NAME);
      awaitText("#tasks", "before I go to bed");
      assertThat(browser.complaints())
          // The browser's own word for the wrong password above.
          .allMatch(
              complaint -> complaint.contains("/console/api/session") && complaint.contains("401"));
      browser.screenshot("console-desktop");
    }
  }

  @Test
  void thePageIsReadableAtNightOnAPhoneAndByKeyboard() {
    try (RelayProcess relay = RelayProcess.run(properties(true))) {
      relay.awaitLeading();
      Thread writer = write();
      browser.open(relay.url());
      awaitText("#grade", "Fine");
      database.insert("Order", "a-key-whose-name-is-long-".repeat(6), "x".repeat(LIMIT));
      awaitText("#parked-count", "1");
      awaitText("#errors", "What to do");
      for (boolean dark : new boolean[] {false, true}) {
        browser.dark(dark);
        for (int width : new int[] {360, 768, 1280}) {
          browser.size(width, 800);
          assertThat(browser.isTooWide()).as("%d px", width).isFalse();
          assertThat(browser.lowContrast()).as("dark: %s, %d px", dark, width).isEmpty();
        }
      }
      browser.size(360, 800);
      browser.screenshot("console-phone-dark");
      // The first line is on the first screen of a phone
      assertThat(browser.find("#headline").getLocation().getY()).isLessThan(400);
      // And what opens a dialog is reached and closed by keys alone
      browser.size(1280, 900);
      WebElement login = browser.find("#login");
      login.sendKeys(Keys.ENTER);
      awaitVisible("#login-dialog");
      browser.driver().switchTo().activeElement().sendKeys(Keys.ESCAPE);
      awaitPatiently().until(() -> !browser.find("#login-dialog").isDisplayed());
      assertThat(browser.driver().switchTo().activeElement()).isEqualTo(login);
      assertThat(browser.complaints()).isEmpty();
      enough.countDown();
      join(writer);
    }
  }

  @Test
  void aStandbyShowsWhoLeadsAndAConsoleWithoutAnOperatorOnlyShows() {
    try (RelayProcess leader = RelayProcess.run(properties(true))) {
      leader.awaitLeading();
      try (RelayProcess standby = RelayProcess.run(properties(false))) {
        awaitPatiently().until(() -> standby.get("/actuator/health").contains("Standby"));
        browser.open(standby.url());
        awaitText("#state", "Standby");
        awaitText("#grade", "Fine");
        awaitText("#headline", "another instance publishes (from 127.0.0.1");
        awaitText("#leader", "server process");
        awaitText("#actions-note", "outbox.relay.console.username");
        assertThat(browser.find("#audit-form button").isEnabled()).isFalse();
        assertThat(browser.find("#login").isDisplayed()).isFalse();
        assertThat(browser.complaints()).isEmpty();
        // When the process is gone, the page says so
        standby.process().sigkill();
        awaitText("#headline", "This page gets no answer from the relay");
        browser.complaints();
      }
    }
  }

  private static final By RUNNING = By.cssSelector("[data-stage=RUNNING], [data-stage=WAITING]");

  private void replay(String id, String reason) {
    WebElement aggregate = browser.find("#replay-form input[name=aggregate]");
    aggregate.clear();
    aggregate.sendKeys("Order" + id);
    browser.find("#replay-form input[name=reason]").sendKeys(reason);
    browser.find("#replay-form button[value=false]").click();
    awaitText("#tasks", reason);
  }

  private void awaitProgress(String what) {
    awaitPatiently()
        .until(
            () ->
                browser.driver().findElements(By.cssSelector("[data-stage=RUNNING]")).stream()
                    .anyMatch(
                        task ->
                            task.getText().contains(what)
                                && task.findElement(By.tagName("progress")).isDisplayed()
                                && !task.findElement(By.cssSelector(".line")).getText().isEmpty()));
  }

  private void awaitTask(String what, String outcome) {
    awaitPatiently()
        .untilAsserted(
            () ->
                assertThat(browser.driver().findElements(By.cssSelector("[data-task]")))
                    .extracting(WebElement::getText)
                    .anyMatch(text -> text.contains(what) && text.contains(outcome)));
  }

  private void awaitText(String selector, String text) {
    awaitText(selector, text, false);
  }

  private void awaitText(String selector, String text, boolean hidden) {
    awaitPatiently()
        .untilAsserted(
            () ->
                assertThat(
                        hidden
                            ? browser.find(selector).getDomProperty("textContent")
                            : browser.text(selector))
                    .contains(text));
  }

  private void awaitVisible(String selector) {
    awaitPatiently().until(() -> browser.find(selector).isDisplayed());
  }

  private void click(String selector) {
    awaitPatiently()
        .ignoreException(StaleElementReferenceException.class)
        .until(
            () -> {
              browser.find(selector).click();
              return true;
            });
  }

  /** Types and presses Enter. */
  private void say(String selector, String text) {
    browser.find(selector).sendKeys(text, Keys.ENTER);
  }

  /** A few hundred events a second until told otherwise, now more and now less. */
  private Thread write() {
    Thread thread =
        new Thread(
            () -> {
              try (Connection connection = database.connect()) {
                int i = 0;
                do {
                  OutboxDatabase.insert(connection, "Order", "order-" + i % 50, "{}");
                  i++;
                } while (!enough.await(
                    (long) (3 + 2 * Math.sin(i / 1_500.0)), TimeUnit.MILLISECONDS));
              } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
              }
            },
            "writer");
    thread.start();
    return thread;
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Map<String, String> properties(boolean operator) {
    Map<String, String> more = new HashMap<>();
    more.put("engine", "pgoutput");
    if (operator) {
      more.put("console.username", NAME);
      more.put("console.password", PASSWORD);
    }
    return TestSettings.properties(database, kafka.bootstrapServers(), more);
  }

  private String topic() {
    return database.slot() + ".Order";
  }

  private static ConditionFactory awaitPatiently() {
    return await().atMost(PATIENCE).pollInSameThread();
  }
}
