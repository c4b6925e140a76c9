package dev.outbox.local.documents;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The files of this project, without what builds and tools have made. */
public final class Documents {

  private Documents() {}

  /** The folder of the whole project, from whichever module a test runs in. */
  public static Path root() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("CONTRIBUTING.md"))) {
      Path parent = folder.getParent();
      if (parent == null) {
        throw new IllegalStateException(
            "Not inside the project: " + Path.of("").toAbsolutePath() + " has no CONTRIBUTING.md");
      }
      folder = parent;
    }
    return folder;
  }

  /** Every document, in the order of their names. */
  public static List<Path> markdown() {
    return files(".md");
  }

  /** Sources of tests, in Java. */
  public static List<Path> testSources() {
    return files(".java").stream().filter(file -> file.toString().contains("/src/test/")).toList();
  }

  /** A document as others name it: its path from {@link #root()}. */
  public static String name(Path file) {
    return root().relativize(file).toString();
  }

  /** The text of a file. */
  public static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }

  /** All files of the project whose names end so. */
  public static List<Path> files(String suffix) {
    List<Path> found = new ArrayList<>();
    try {
      Files.walkFileTree(root(), new OwnFiles(suffix, found));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot list " + root(), e);
    }
    Collections.sort(found);
    return found;
  }

  private static final class OwnFiles extends SimpleFileVisitor<Path> {

    private final String suffix;
    private final List<Path> found;

    OwnFiles(String suffix, List<Path> found) {
      this.suffix = suffix;
      this.found = found;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      String name = folder.getFileName().toString();
      boolean made = name.equals("target") || name.equals("node_modules") || name.startsWith(".");
      return made ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (file.toString().endsWith(suffix)) {
        found.add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException gone) {
      // Builds beside this one make and delete files.
      return FileVisitResult.CONTINUE;
    }
  }
}
