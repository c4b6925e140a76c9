package dev.outbox.local.documents;

import java.util.ArrayList;
import java.util.List;

/**
 * The commands of a shell script, each as its words. It knows what documents use: quotes, comments,
 * lines that go on, pipes and lists, redirections, assignments in front, and commands in
 * substitutions, which count as commands too.
 */
public final class ShellCommands {

  private final String script;
  private final List<List<String>> commands = new ArrayList<>();
  private List<String> words = new ArrayList<>();
  private StringBuilder word = new StringBuilder();
  private boolean inWord;
  private boolean afterRedirection;
  private int at;

  private ShellCommands(String script) {
    this.script = script;
  }

  /** The commands in the order in which they stand there. */
  public static List<List<String>> in(String script) {
    ShellCommands reader = new ShellCommands(script.replace("\\\n", " "));
    reader.read();
    return reader.commands;
  }

  private void read() {
    while (at < script.length()) {
      char next = script.charAt(at);
      if (next == '\'' || next == '"') {
        quoted(next);
      } else if (next == '#' && !inWord) {
        at = endOf("\n", at);
      } else if ((next == '$' || next == '<') && follows("(")) {
        substitution();
      } else if (next == '>' || next == '<') {
        endWord();
        afterRedirection = true;
        at++;
      } else if (next == '\n' || next == ';' || next == '|' || next == '&') {
        endCommand();
        at++;
      } else if (Character.isWhitespace(next)) {
        endWord();
        at++;
      } else {
        append(next);
        at++;
      }
    }
    endCommand();
  }

  private void quoted(char quote) {
    int end = endOf(String.valueOf(quote), at + 1);
    inWord = true;
    word.append(script, at + 1, end);
    at = end + 1;
  }

  private void substitution() {
    int end = endOf(")", at);
    commands.addAll(in(script.substring(at + 2, end)));
    inWord = true;
    word.append(script, at, Math.min(end + 1, script.length()));
    at = end + 1;
  }

  private boolean follows(String text) {
    return script.startsWith(text, at + 1);
  }

  private int endOf(String text, int from) {
    int end = script.indexOf(text, from);
    return end < 0 ? script.length() : end;
  }

  private void append(char next) {
    inWord = true;
    word.append(next);
  }

  private void endWord() {
    if (inWord && !afterRedirection) {
      words.add(word.toString());
    }
    afterRedirection &= !inWord;
    inWord = false;
    word = new StringBuilder();
  }

  private void endCommand() {
    endWord();
    afterRedirection = false;
    while (!words.isEmpty() && words.get(0).matches("[A-Z_]+=.*")) {
      words.remove(0);
    }
    if (!words.isEmpty()) {
      commands.add(words);
    }
    words = new ArrayList<>();
  }
}
