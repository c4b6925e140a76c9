package dev.outbox.local.browser;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether the browser sees what tests ask it for: each finding once there, and once not. */
@WithBrowser
class BrowserTest {

  private static final String PAGE =
      """
      <!doctype html><meta charset="utf-8"><title>Page</title>
      <style>
        body { background: #fff; color: #000 }
        #pale { color: #999 }
        #large { color: #888; font-size: 30px }
        @media (prefers-color-scheme: dark) { body { background: #000 } #pale { color: #eee } }
        #wide { width: 500px }
      </style>
      <div id="pale">pale</div><div id="large">large</div><div id="wide">wide</div>
      <script>console.error('broken')</script>
      """;

  @TempDir private Path folder;

  @Test
  void tellsContrastWidthAndComplaints(Browser browser) throws Exception {
    Path page = Files.writeString(folder.resolve("page.html"), PAGE);
    // When
    browser.dark(false);
    browser.size(1280, 900);
    browser.open(page.toUri().toString());
    // Then
    assertThat(browser.complaints()).singleElement().asString().contains("broken");
    assertThat(browser.complaints()).isEmpty();
    assertThat(browser.lowContrast()).singleElement().asString().contains("2.85 \"pale\"");
    assertThat(browser.isTooWide()).isFalse();
    // When
    browser.size(360, 700);
    browser.dark(true);
    // Then
    assertThat(browser.isTooWide()).isTrue();
    assertThat(browser.lowContrast())
        .noneMatch(text -> text.contains("pale"))
        .anyMatch(text -> text.contains("wide"));
    assertThat(browser.text("#large")).isEqualTo("large");
    assertThat(browser.screenshot("browser-test")).isNotEmptyFile();
  }
}
