package dev.outbox.demo.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of this project, without what builds and tools have made. */
final class Documents {

  static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private Documents() {}

  static List<Path> markdown() {
    return files(".md");
  }

  static List<Path> testSources() {
    return files(".java").stream().filter(file -> file.toString().contains("/src/test/")).toList();
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  private static List<Path> files(String suffix) {
    try (Stream<Path> files =
        Files.find(ROOT, 30, (file, attributes) -> file.toString().endsWith(suffix))) {
      return files.filter(Documents::isOurs).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + ROOT, e);
    }
  }

  private static boolean isOurs(Path file) {
    for (Path part : ROOT.relativize(file)) {
      String name = part.toString();
      if (name.equals("target") || name.equals("node_modules") || name.startsWith(".")) {
        return false;
      }
    }
    return true;
  }
}
