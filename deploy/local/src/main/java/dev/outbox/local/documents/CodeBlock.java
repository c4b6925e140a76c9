package dev.outbox.local.documents;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A fenced block of a document.
 *
 * @param document the document, by {@link Documents#name}
 * @param line the line of the opening fence, from 1
 * @param language what stands behind the opening fence; empty if nothing does
 * @param text what is between the fences, as far left as the fences are
 */
public record CodeBlock(String document, int line, String language, String text) {

  private static final Pattern BLOCK =
      Pattern.compile("(?ms)^(?<indent> *)```(?<language>[^\\n`]*)\\n(?<text>.*?)^\\k<indent>```");

  /** All blocks of all documents. */
  public static List<CodeBlock> all() {
    return Documents.markdown().stream().flatMap(file -> in(file).stream()).toList();
  }

  /** The blocks of a document, from top to bottom. */
  public static List<CodeBlock> in(Path document) {
    String content = Documents.read(document);
    List<CodeBlock> blocks = new ArrayList<>();
    for (MatchResult block : BLOCK.matcher(content).results().toList()) {
      String indent = block.group(1);
      int line = 1 + (int) content.substring(0, block.start()).lines().count();
      blocks.add(
          new CodeBlock(
              Documents.name(document),
              line,
              block.group(2).strip(),
              block.group(3).replaceAll("(?m)^" + indent, "")));
    }
    return blocks;
  }

  /**
   * The text of the block right behind the line {@code <!-- marker -->}.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static String marked(Path document, String marker) {
    List<String> lines = Documents.read(document).lines().toList();
    return in(document).stream()
        .filter(block -> block.line > 1)
        .filter(block -> lines.get(block.line - 2).strip().equals("<!-- " + marker + " -->"))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    document + " has no block behind <!-- " + marker + " -->"))
        .text;
  }

  /** Whether it shows what is typed at a shell. */
  public boolean isShell() {
    return language.equals("bash") || language.equals("console");
  }

  /** What is typed: all of it, or in a session behind the prompts. */
  public String script() {
    if (language.equals("bash")) {
      return text;
    }
    StringBuilder typed = new StringBuilder();
    text.lines()
        .filter(line -> line.startsWith("$ "))
        .forEach(line -> typed.append(line.substring(2)).append('\n'));
    return typed.toString();
  }

  /** Where it is, for messages. */
  public String place() {
    return document + ":" + line + " (" + language + ")";
  }
}
