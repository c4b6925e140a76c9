package dev.outbox.demo.page;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.demo.RunningDemo;
import dev.outbox.local.browser.Browser;
import dev.outbox.local.browser.WithBrowser;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;

/** The page as people use it, on everything that {@code deploy/demo} runs. */
@Tag("slow")
@WithBrowser
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ShopPageIT {

  /** For a run that is to be repeated. */
  private static final String SEED = "outbox.tests.harm-seed";

  private static final Duration HARM_FOR = Duration.ofMinutes(5);
  private static final List<String> BUTTONS =
      List.of(
          "double-click",
          "duplicates",
          "callbacks",
          "retry-storm",
          "kill-relay",
          "stop-broker",
          "restart-database",
          "poison",
          "replay");

  private static final String ORDERS_WITHOUT_EVENT =
      """
      select id from orders where not exists
        (select from outbox_event e where e.aggregateid = orders.id::text and e.type = 'OrderPlaced')
      """;

  /** Each event by each consumer that wants it; those aside that the relay has set aside. */
  private static final String EVENTS_NOT_APPLIED_ONCE =
      """
      select e.id || ' by ' || c.consumer
      from outbox_event e
      join (values ('Order', 'stock'), ('Order', 'notifications'), ('Campaign', 'ad-spend'))
        as c (aggregatetype, consumer) on c.aggregatetype = e.aggregatetype
      where 1 <> (select count(*) from effect f where f.event_id = e.id and f.consumer = c.consumer)
        and not exists (select from outbox_parked p where p.id = e.id and p.state <> 'released')
      """;

  /** What a browser notes of any answer from 400 on; refusals are what the page is about. */
  private static final Pattern REFUSED =
      Pattern.compile("status of (409|5[0-9][0-9])|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_REFUSED");

  @TempDir private static @Nullable Path temporary;
  private static @Nullable RunningDemo demo;
  private static String shop = "";

  private final Browser browser;

  ShopPageIT(Browser browser) {
    this.browser = browser;
  }

  @BeforeAll
  static void startDemo() throws IOException {
    RunningDemo running =
        RunningDemo.start(
            Objects.requireNonNull(temporary), RunningDemo.ORDER_SERVICE_JAR, "--orders", "3");
    demo = running;
    running.awaitText("Ctrl-C stops everything");
    shop = running.says("order service +(http://localhost:[0-9]+)");
  }

  @AfterAll
  static void stopDemo() {
    RunningDemo running = demo;
    if (running != null) {
      running.process().sendSignal("TERM");
      running.process().awaitExit(PATIENCE);
      running.close();
    }
  }

  @BeforeEach
  void openPage() {
    browser.size(1280, 1250);
    browser.dark(false);
    browser.open(shop + "/");
    waiting().until(() -> level().equals("GREEN") && count("asked") >= 3);
    browser.complaints();
  }

  @Test
  @Order(1)
  void everyButtonDoesItsHarmAndNothingIsLostOrDoneTwice() {
    // Given orders that travel
    long rowsBefore = rows();
    click("#burst");
    awaitDone("burst", 1);
    // When each button is pressed
    for (String button : BUTTONS) {
      if (button.equals("replay")) {
        waiting().until(() -> browser.isThere("#trips [data-state=parked]"));
        assertThat(browser.text("#trips [data-state=parked] .text")).isEqualTo("parked");
        // However long the others took, the last minute is to hold more than the poison order.
        click("#burst");
        awaitDone("burst", 2);
      }
      String outcome = press(button);
      assertThat(outcome)
          .as(button)
          .contains(
              switch (button) {
                case "double-click" -> "409";
                case "duplicates" -> "19 got the same answer again, 0 were refused";
                case "callbacks" -> "100 answered as done: the order was paid once";
                case "retry-storm" -> "one answer for each of 10 keys";
                case "kill-relay" -> "killed with SIGKILL";
                case "poison" -> "Placed";
                case "replay" -> "published once more";
                default -> "runs again";
              });
    }
    // Then all is there, once, and the figures are those of what was done
    waiting().untilAsserted(() -> assertThat(level()).as(verdict()).isEqualTo("GREEN"));
    assertThat(verdict()).contains("1 parked");
    assertThat(count("duplicatesApplied")).isZero();
    assertThat(count("duplicatesSeen")).isPositive();
    assertThat(count("replayed")).isGreaterThanOrEqualTo(19);
    assertThat(count("refused")).isPositive();
    assertThat(count("accepted") + count("replayed") + count("refused")).isEqualTo(count("asked"));
    // 50 of each burst, 1 for the double click, 1 for the duplicates, 2 for the order that is paid,
    // 10 of the storm, and the poison
    assertThat(rows()).isEqualTo(rowsBefore + 115);
    assertThat(count("published")).isEqualTo(rows() - 1);
    assertThat(count("applied")).isEqualTo(2 * count("published"));
    assertThat(complaints()).isEmpty();
  }

  @Test
  @Order(2)
  void itLooksRightInLightAndInDark() {
    browser.size(1280, 1420);
    waiting().until(() -> browser.isThere("#trips tr"));
    browser.screenshot("shop");
    assertThat(browser.lowContrast()).isEmpty();
    browser.dark(true);
    waiting().until(() -> style("body", "backgroundColor").equals("rgb(16, 21, 29)"));
    browser.screenshot("shop-dark");
    assertThat(browser.lowContrast()).isEmpty();
    for (String level : List.of("AMBER", "RED", "none")) {
      for (boolean dark : List.of(true, false)) {
        browser.dark(dark);
        browser
            .driver()
            .executeScript(
                "document.querySelector('#verdict').dataset.level = arguments[0]", level);
        assertThat(browser.lowContrast()).as(level).isEmpty();
      }
    }
    assertThat(complaints()).isEmpty();
  }

  @Test
  @Order(3)
  void aPhoneShowsAllOfIt() {
    browser.size(360, 780);
    waiting().until(() -> browser.isThere("#trips tr"));
    assertThat(browser.isTooWide()).isFalse();
    browser.screenshot("shop-phone");
    WebElement button = browser.find("[data-deed=duplicates]");
    assertThat(button.getRect().getWidth()).isLessThanOrEqualTo(360);
    assertThat(button.getRect().getHeight()).as("to be hit by a finger").isGreaterThan(36);
    assertThat(browser.lowContrast()).isEmpty();
  }

  @Test
  @Order(4)
  void anOrderIsPlacedAndBroughtToItsEndByKeyboardAlone() {
    // When
    tabTo("[name=userId]");
    keys(Keys.chord(Keys.CONTROL, "a"), "grace");
    tabTo("[name=productId]");
    keys("Coffee");
    assertThat(browser.text("[name=productId] option:checked")).startsWith("Coffee");
    tabTo("[name=quantity]");
    keys(Keys.chord(Keys.CONTROL, "a"), "2");
    tabTo("#place");
    assertThat(style("#place", "outlineStyle")).as("focus is seen").isEqualTo("solid");
    keys(Keys.ENTER);
    // Then
    waiting().until(() -> browser.text("#order-answer").contains("is placed"));
    assertThat(browser.text("#order-answer")).endsWith("€13.80.");
    waiting()
        .until(() -> browser.text("#trips tr:first-child .who").startsWith("2 × coffee for grace"));
    // And focus stays where it is while the lines change, and every step is a button
    for (String step : List.of("Pay", "Dispatch", "Receive")) {
      String next = "#trips tr:first-child .next button:first-child";
      waiting().until(() -> browser.text(next).equals(step));
      tabTo(next);
      keys(Keys.SPACE);
    }
    waiting().until(() -> browser.text("#trips tr:first-child .who").contains("OrderReceived"));
    waiting().until(() -> level().equals("GREEN"));
    assertThat(complaints()).isEmpty();
  }

  @Test
  @Order(5)
  void aFormThatIsSentAgainOrdersNothing() {
    long rows = rows();
    // Given a form that was sent, and whose renewed token never came
    browser
        .driver()
        .executeScript(
            """
            const real = window.fetch;
            let sent = 0;
            window.fetch = (path, options) =>
              path === 'page/tokens' && sent > 0
                ? Promise.reject(new Error('lost'))
                : real(path, path === 'orders' ? { ...options, headers: {
                    ...options.headers,
                    'X-Form-Token': window.firstToken ??= options.headers['X-Form-Token'] } }
                  : options).finally(() => { if (path === 'orders') sent++; });
            """);
    click("#place");
    waiting().until(() -> browser.text("#order-answer").contains("is placed"));
    // When the same form is sent again, under a key of its own
    click("#place");
    // Then
    waiting().until(() -> browser.text("#order-answer").contains("sent before"));
    waiting().until(() -> rows() == rows + 1);
  }

  @Test
  @Order(6)
  void harmIsRefusedToOtherSites() throws Exception {
    assertThat(post("/page/harm/kill-relay", "localhost").statusCode()).isEqualTo(400);
    assertThat(post("/page/harm/format-disk", "localhost", PageController.HEADER, "1").statusCode())
        .isEqualTo(404);
    HttpResponse<String> page =
        client()
            .send(HttpRequest.newBuilder(URI.create(shop + "/")).build(), BodyHandlers.ofString());
    assertThat(page.headers().firstValue("Content-Security-Policy"))
        .hasValueSatisfying(
            policy ->
                assertThat(policy)
                    .contains("default-src 'none'", "script-src 'self'")
                    .doesNotContain("unsafe"));
    assertThat(page.body()).doesNotContain("<style", "style=", "onclick", "//cdn");
  }

  /** All harm in any order, several at a time. */
  @Test
  @Order(7)
  @Tag("long")
  void fiveMinutesOfRandomHarmLoseNothingAndDoNothingTwice() throws SQLException {
    long seed = Long.getLong(SEED, System.nanoTime());
    System.out.printf("Harm at random: repeat it with -D%s=%d%n", SEED, seed);
    Random random = new Random(seed);
    long end = System.nanoTime() + HARM_FOR.toNanos();
    int pressed = 0;
    while (System.nanoTime() < end) {
      click("#burst");
      String button = BUTTONS.get(random.nextInt(BUTTONS.size()));
      WebElement element = browser.find(selector(button));
      if (!"true".equals(element.getDomAttribute("data-busy"))) {
        click(selector(button));
        pressed++;
      }
      Duration pause = Duration.ofMillis(500 + random.nextInt(4_000));
      await().pollDelay(pause).atMost(pause.plusSeconds(5)).until(() -> true);
      assertThat(level()).as(verdict()).isNotEqualTo("RED");
    }
    waiting()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(browser.driver().findElements(By.cssSelector("[data-busy=true]")))
                  .isEmpty();
              assertThat(level()).as(verdict()).isEqualTo("GREEN");
            });
    System.out.printf("%d buttons pressed: %s%n", pressed, verdict());
    assertThat(pressed).isGreaterThan(BUTTONS.size());
    assertThat(count("duplicatesApplied")).isZero();
    assertThat(browser.driver().findElements(By.cssSelector("#log [data-state=failed]")))
        .extracting(WebElement::getText)
        .filteredOn(text -> text.matches("(?s).*(different answers|made [0-9]+ orders|paid).*"))
        .isEmpty();
    // And the tables say so too, without the page
    RunningDemo running = Objects.requireNonNull(demo);
    assertThat(running.ask(ORDERS_WITHOUT_EVENT)).isEmpty();
    assertThat(running.ask(EVENTS_NOT_APPLIED_ONCE)).isEmpty();
  }

  // ---- what the page shows

  private String level() {
    return "" + browser.find("#verdict").getDomAttribute("data-level");
  }

  private String verdict() {
    return browser.text("#verdict .words");
  }

  private long count(String name) {
    String text = browser.text("[data-count=" + name + "]").replace(",", "");
    return text.matches("[0-9]+") ? Long.parseLong(text) : -1;
  }

  /** The first figure of the verdict. */
  private long rows() {
    Matcher figure = Pattern.compile("([0-9,]+) rows").matcher(verdict());
    assertThat(figure.find()).as(verdict()).isTrue();
    return Long.parseLong(figure.group(1).replace(",", ""));
  }

  private String style(String selector, String property) {
    return ""
        + browser
            .driver()
            .executeScript(
                "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]",
                selector,
                property);
  }

  private List<String> complaints() {
    return browser.complaints().stream()
        .filter(complaint -> !REFUSED.matcher(complaint).find())
        .toList();
  }

  private static ConditionFactory waiting() {
    return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(100));
  }

  // ---- what people do

  private static String selector(String button) {
    return "button[data-deed=%1$s], button[data-harm=%1$s]".formatted(button);
  }

  /** In the middle of the window: at its upper end the verdict stays above everything. */
  private void click(String selector) {
    WebElement element = browser.find(selector);
    browser.driver().executeScript("arguments[0].scrollIntoView({block: 'center'})", element);
    element.click();
  }

  /** Presses a button and returns what the log says when it is done. */
  private String press(String button) {
    int before = logged(button);
    click(selector(button));
    return awaitDone(button, before + 1);
  }

  private int logged(String deed) {
    return browser.driver().findElements(By.cssSelector("#log [data-deed=" + deed + "]")).size();
  }

  private String awaitDone(String deed, int entries) {
    waiting()
        .untilAsserted(
            () -> {
              assertThat(logged(deed)).as(deed).isEqualTo(entries);
              assertThat(entry(deed).getDomAttribute("data-state"))
                  .as(entry(deed).getText())
                  .isNotEqualTo("running");
            });
    assertThat(entry(deed).getDomAttribute("data-state"))
        .as(entry(deed).getText())
        .isEqualTo("done");
    return entry(deed).getText();
  }

  private WebElement entry(String deed) {
    return browser.find("#log [data-deed=" + deed + "]");
  }

  private void tabTo(String selector) {
    WebElement target = browser.find(selector);
    for (int tabs = 0; tabs < 80; tabs++) {
      if (browser.driver().switchTo().activeElement().equals(target)) {
        return;
      }
      keys(Keys.TAB);
    }
    throw new AssertionError("The keyboard does not reach " + selector);
  }

  private void keys(CharSequence... keys) {
    browser.driver().switchTo().activeElement().sendKeys(keys);
  }

  private static HttpClient client() {
    return HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  }

  private static HttpResponse<String> post(String path, String host, String... headers)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(shop.replace("localhost", host) + path))
            .POST(BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client().send(request.build(), BodyHandlers.ofString());
  }
}
