package dev.outbox.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.documents.Documents;
import dev.outbox.local.documents.GeneratedTables;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Settings and metrics that a document names in its text are in the tables made from the code. */
class NamesTest {

  private static final Pattern SETTING =
      Pattern.compile("`(outbox\\.(?:relay|writer|jobs|token|idempotency)\\.[a-z][a-z.-]*[a-z])");
  private static final Pattern METRIC = Pattern.compile("\\b(outbox_relay_[a-z_]+[a-z])\\b");

  /** The meter that counts requests; it is no setting. */
  private static final String REQUESTS = "outbox.idempotency.requests";

  @Test
  void everySettingThatIsNamedIsThere() {
    Set<String> problems = new TreeSet<>();
    int named = 0;
    for (Path document : Documents.markdown()) {
      for (MatchResult name : SETTING.matcher(Documents.read(document)).results().toList()) {
        named++;
        if (!KnownSettings.isNameOrPrefix(name.group(1)) && !name.group(1).equals(REQUESTS)) {
          problems.add(Documents.name(document) + ": " + name.group(1));
        }
      }
    }
    assertThat(problems).isEmpty();
    assertThat(named).isGreaterThan(100);
  }

  @Test
  void everyMetricThatIsNamedIsThere() {
    String tables = new GeneratedTables("metrics").contents().collect(Collectors.joining());
    List<String> problems = new ArrayList<>();
    int named = 0;
    for (Path document : Documents.markdown()) {
      for (MatchResult name : METRIC.matcher(Documents.read(document)).results().toList()) {
        named++;
        if (!tables.contains("`" + name.group(1) + "`")) {
          problems.add(Documents.name(document) + ": " + name.group(1));
        }
      }
    }
    assertThat(problems).isEmpty();
    assertThat(named).isGreaterThan(20);
  }
}
