package dev.outbox.local.browser;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The programs that a browser test needs. They are not downloaded: a browser comes from the
 * system's own packages, which keep it up to date.
 */
record BrowserPrograms(Path chromium, Path driver) {

  static final String REMEDY =
      "Install Chromium and its driver (Debian: apt-get install chromium chromium-driver).";

  private static final List<String> CHROMIUM =
      List.of("chromium", "chromium-browser", "google-chrome");

  /** Those on the PATH; empty when one is missing. */
  static Optional<BrowserPrograms> find() {
    return CHROMIUM.stream()
        .flatMap(name -> onPath(name).stream())
        .findFirst()
        .flatMap(
            chromium ->
                onPath("chromedriver").map(driver -> new BrowserPrograms(chromium, driver)));
  }

  private static Optional<Path> onPath(String name) {
    String path = System.getenv().getOrDefault("PATH", "");
    return Stream.of(path.split(Pattern.quote(File.pathSeparator)))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
