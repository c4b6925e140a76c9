package dev.outbox.relay.deployment;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The names of metrics in a query of Prometheus. */
final class PromQl {

  /** In this order: what stands in them is no metric. */
  private static final Pattern NO_METRICS =
      Pattern.compile(
          "\"(\\\\.|[^\"\\\\])*\"|'[^']*'|\\{[^}]*}|\\[[^\\]]*]"
              + "|\\boffset\\s+\\w+"
              + "|\\b(by|without|on|ignoring|group_left|group_right)\\s*\\([^)]*\\)");

  private static final Pattern WORD = Pattern.compile("[a-zA-Z_:][\\w:]*(?!\\w)(?!\\s*\\()");

  private static final Set<String> OPERATORS =
      Set.of("and", "or", "unless", "bool", "group_left", "group_right");

  private PromQl() {}

  static Set<String> metrics(String query) {
    String withoutLabels = NO_METRICS.matcher(query).replaceAll(" ");
    Set<String> names = new TreeSet<>();
    for (MatchResult word : WORD.matcher(withoutLabels).results().toList()) {
      if (!OPERATORS.contains(word.group())) {
        names.add(word.group());
      }
    }
    return names;
  }
}
