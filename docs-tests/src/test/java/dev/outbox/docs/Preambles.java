package dev.outbox.docs;

import dev.outbox.local.documents.Documents;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the blocks of a document take for granted, in {@code src/test/resources/preambles}: {@code
 * docs/jobs.java} has imports of its own, an {@code abstract class Given} with the names that
 * blocks use, and their types; {@code docs/jobs.sql} makes what statements ask for beside the
 * libraries' tables.
 */
final class Preambles {

  private static final Path FOLDER = Path.of("src/test/resources/preambles");

  private Preambles() {}

  /** Imports that every Java block has. */
  static String imports() {
    return Documents.read(FOLDER.resolve("imports.java"));
  }

  /** The document's own, or one that has only what most documents name. */
  static String java(String document) {
    Path own = of(document, ".java");
    return Documents.read(Files.exists(own) ? own : FOLDER.resolve("Given.java"));
  }

  /** The document's own, or nothing. */
  static String sql(String document) {
    Path own = of(document, ".sql");
    return Files.exists(own) ? Documents.read(own) : "";
  }

  private static Path of(String document, String suffix) {
    return FOLDER.resolve(document.replaceFirst("\\.md$", suffix));
  }
}
