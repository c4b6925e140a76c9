package dev.outbox.local.documents;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Parts of documents that are made from the code: they stand between {@code <!-- settings:
 * outbox.relay -->} and {@code <!-- end of settings -->}, where {@code settings} is the kind of
 * table and the rest its name.
 */
public final class GeneratedTables {

  /** The system property that has tables written in place of compared. */
  public static final String WRITE = "outbox.docs.write";

  private final Pattern table;
  private final String kind;

  /** Those of one kind. */
  public GeneratedTables(String kind) {
    this.kind = kind;
    this.table =
        Pattern.compile("(?s)<!-- %1$s: (\\S+) -->\n(.*?)<!-- end of %1$s -->".formatted(kind));
  }

  /** What stands in them now. */
  public Stream<String> contents() {
    return Documents.markdown().stream()
        .map(Documents::read)
        .flatMap(text -> table.matcher(text).results())
        .map(found -> found.group(2));
  }

  /**
   * The documents whose tables differ from what they should be, with what that is; none if all are
   * right, or have just been written because {@link #WRITE} says so.
   *
   * @param content lines of a table by its name; empty for one that is somebody else's
   */
  public List<String> problems(Function<String, Optional<String>> content) {
    List<String> problems = new ArrayList<>();
    for (Path document : Documents.markdown()) {
      String text = Documents.read(document);
      String current = table.matcher(text).replaceAll(found -> replacement(found, content));
      if (current.equals(text)) {
        continue;
      }
      if (Boolean.getBoolean(WRITE)) {
        write(document, current);
      } else {
        problems.add(
            "%s differs from the code, which says: %s%nWrite it with -D%s=true, then look at it."
                .formatted(Documents.name(document), firstDifference(text, current), WRITE));
      }
    }
    return problems;
  }

  private String replacement(MatchResult found, Function<String, Optional<String>> content) {
    String replacement =
        content
            .apply(found.group(1))
            .map(
                lines ->
                    "<!-- %1$s: %2$s -->\n%3$s<!-- end of %1$s -->"
                        .formatted(kind, found.group(1), lines))
            .orElse(found.group());
    return Matcher.quoteReplacement(replacement);
  }

  private static String firstDifference(String text, String current) {
    Set<String> there = text.lines().collect(Collectors.toSet());
    return current
        .lines()
        .filter(line -> !there.contains(line))
        .findFirst()
        .orElse("less, or another order");
  }

  private static void write(Path document, String text) {
    try {
      Files.writeString(document, text);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + document, e);
    }
  }
}
