package dev.outbox.local.browser;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/**
 * One browser without a window. Tests get it by {@link WithBrowser}. For one thread.
 *
 * <p>Needs Selenium's {@code selenium-chrome-driver} on the class path, which this module does not
 * pass on.
 */
public final class Browser implements AutoCloseable {

  /** System property: the folder for pictures; without it they go to {@code target/screenshots}. */
  public static final String SCREENSHOTS = "outbox.screenshots";

  /**
   * Selenium complains that it has no bindings to this very version of the browser; none is used.
   */
  private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

  private static final Dimension DESKTOP = new Dimension(1280, 900);

  private final ChromeDriver driver;

  private Browser(ChromeDriver driver) {
    this.driver = driver;
  }

  /**
   * Starts a browser with a profile of its own.
   *
   * @throws IllegalStateException when there is none on this machine
   */
  public static Browser start() {
    BrowserPrograms programs =
        BrowserPrograms.find()
            .orElseThrow(
                () ->
                    new IllegalStateException("No browser on the PATH. " + BrowserPrograms.REMEDY));
    SELENIUM.setLevel(Level.SEVERE);
    LoggingPreferences logs = new LoggingPreferences();
    logs.enable(LogType.BROWSER, Level.ALL);
    ChromeOptions options = new ChromeOptions();
    options.setBinary(programs.chromium().toFile());
    options.setCapability("goog:loggingPrefs", logs);
    options.addArguments(
        "--headless=new",
        // As root, which containers and CI are, Chromium does not start with its sandbox.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-first-run",
        // It would look for its maker's servers.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync");
    ChromeDriverService service =
        new ChromeDriverService.Builder()
            .usingDriverExecutable(programs.driver().toFile())
            .usingAnyFreePort()
            .build();
    Browser browser = new Browser(new ChromeDriver(service, options));
    browser.size(DESKTOP.width, DESKTOP.height);
    return browser;
  }

  /** Selenium's own, for whatever is not here. */
  public ChromeDriver driver() {
    return driver;
  }

  /** Opens a page and waits until it is loaded. */
  public void open(String url) {
    driver.get(url);
  }

  /** The one element that the CSS selector names. */
  public WebElement find(String selector) {
    return driver.findElement(By.cssSelector(selector));
  }

  /** Whether the CSS selector names anything. */
  public boolean isThere(String selector) {
    return !driver.findElements(By.cssSelector(selector)).isEmpty();
  }

  /** The text of the one element that the CSS selector names, as people see it. */
  public String text(String selector) {
    return find(selector).getText();
  }

  /** Sets the visible part of the page, in CSS pixels; also narrower than a window may be. */
  public void size(int width, int height) {
    driver.executeCdpCommand(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  /** What {@code prefers-color-scheme} tells the page. */
  public void dark(boolean dark) {
    driver.executeCdpCommand(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
  }

  /** Whether the page is wider than the window, so that one has to scroll sideways. */
  public boolean isTooWide() {
    return (Boolean)
        Objects.requireNonNull(
            driver.executeScript(
                "const page = document.documentElement; return page.scrollWidth > page.clientWidth;"));
  }

  /**
   * Visible text whose contrast with what is behind it is below WCAG 2.2 level AA (4.5, or 3 for
   * large text), each with its colours; text on pictures and gradients is not judged.
   */
  @SuppressWarnings("unchecked")
  public List<String> lowContrast() {
    return (List<String>) Objects.requireNonNull(driver.executeScript(script("contrast.js")));
  }

  /** What the page has complained of since the last call, without notes of less than a warning. */
  public List<String> complaints() {
    return driver.manage().logs().get(LogType.BROWSER).getAll().stream()
        .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
        .map(LogEntry::getMessage)
        .toList();
  }

  /** Takes a picture of what the window shows and returns its file. */
  public Path screenshot(String name) {
    Path folder = Path.of(System.getProperty(SCREENSHOTS, "target/screenshots"));
    try {
      return Files.write(
          Files.createDirectories(folder.toAbsolutePath()).resolve(name + ".png"),
          driver.getScreenshotAs(OutputType.BYTES));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write a picture to " + folder, e);
    }
  }

  private static String script(String name) {
    try (InputStream in = Objects.requireNonNull(Browser.class.getResourceAsStream(name))) {
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + name, e);
    }
  }

  /** Ends the browser and its driver. */
  @Override
  public void close() {
    driver.quit();
  }
}
