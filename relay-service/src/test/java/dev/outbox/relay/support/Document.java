package dev.outbox.relay.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A document of this project, from which tests take what it tells people to do.
 *
 * @param name its path below {@code docs}
 * @param text the whole of it
 */
public record Document(String name, String text) {

  private static final Pattern JAVA = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

  public static Document of(String name) {
    try {
      return new Document(name, Files.readString(Path.of("..", "docs").resolve(name)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The fenced block behind the line {@code <!-- marker -->}. */
  public String block(String marker) {
    Matcher block =
        Pattern.compile(
                "<!-- " + Pattern.quote(marker) + " -->\n```[a-z]*\n(.*?)```", Pattern.DOTALL)
            .matcher(text);
    if (!block.find()) {
      throw new AssertionError(name + " has no block behind <!-- " + marker + " -->");
    }
    return block.group(1);
  }

  /** All blocks of Java, in order. */
  public List<String> java() {
    return JAVA.matcher(text).results().map(snippet -> snippet.group(1)).toList();
  }
}
