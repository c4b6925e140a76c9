package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.Documents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the documents point at is there: files, sections, tests. */
class LinksTest {

  private static final Pattern LINK = Pattern.compile("!?\\[[^]]*]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?)\\s*$");
  private static final Pattern FENCE = Pattern.compile("(?ms)^\\s*```.*?^\\s*```");

  /** A test as documents name it: its class, and perhaps how the name of its method begins. */
  private static final Pattern TEST =
      Pattern.compile("`([A-Z]\\w*(?:Test|IT|Contract))(?:\\.([a-zA-Z]\\w*))?…?`");

  @Test
  void everyLinkLeadsSomewhere() {
    List<String> broken = new ArrayList<>();
    int links = 0;
    for (Path document : Documents.markdown()) {
      for (String target : targets(document)) {
        links++;
        if (!leadsSomewhere(document, target)) {
          broken.add(Documents.name(document) + " → " + target);
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(links).isGreaterThan(100);
  }

  @Test
  void everyTestThatIsNamedIsThere() {
    Map<String, String> tests = new HashMap<>();
    Documents.testSources()
        .forEach(
            file ->
                tests.put(
                    file.getFileName().toString().replace(".java", ""), Documents.read(file)));
    List<String> missing = new ArrayList<>();
    int named = 0;
    for (Path document : Documents.markdown()) {
      for (MatchResult test : TEST.matcher(Documents.read(document)).results().toList()) {
        named++;
        if (!isThere(tests, test.group(1), test.group(2))) {
          missing.add(Documents.name(document) + ": " + test.group());
        }
      }
    }
    assertThat(missing).isEmpty();
    assertThat(named).isGreaterThan(100);
  }

  /** Methods may be inherited from a contract or a base class. */
  private static boolean isThere(Map<String, String> tests, String type, @Nullable String method) {
    String source = tests.get(type);
    if (source == null) {
      return false;
    }
    if (method == null || Pattern.compile("void " + method).matcher(source).find()) {
      return true;
    }
    return Pattern.compile("class " + type + "\\s+extends (\\w+)")
        .matcher(source)
        .results()
        .anyMatch(parent -> isThere(tests, parent.group(1), method));
  }

  /** Of this project; what lies elsewhere cannot be asked in a build. */
  private static List<String> targets(Path document) {
    String text = FENCE.matcher(Documents.read(document)).replaceAll("");
    return LINK.matcher(text)
        .results()
        .map(link -> link.group(1))
        .filter(target -> !target.matches("[a-z]+:.*"))
        .toList();
  }

  private static boolean leadsSomewhere(Path document, String target) {
    int hash = target.indexOf('#');
    String path = hash < 0 ? target : target.substring(0, hash);
    Path file = path.isEmpty() ? document : document.resolveSibling(path).normalize();
    if (!Files.exists(file)) {
      return false;
    }
    return hash < 0 || anchors(file).contains(target.substring(hash + 1));
  }

  /** As GitHub makes them of headings; a second one of the same words ends with a number. */
  private static Set<String> anchors(Path file) {
    Map<String, Integer> seen = new HashMap<>();
    return HEADING
        .matcher(FENCE.matcher(Documents.read(file)).replaceAll(""))
        .results()
        .map(heading -> anchor(heading.group(1)))
        .map(
            anchor -> {
              int before = seen.merge(anchor, 1, Integer::sum) - 1;
              return before == 0 ? anchor : anchor + "-" + before;
            })
        .collect(Collectors.toCollection(HashSet::new));
  }

  private static String anchor(String heading) {
    return heading
        .replaceAll("\\[([^]]*)]\\([^)]*\\)", "$1")
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N}\\s_-]", "")
        .replace(' ', '-');
  }
}
