package dev.outbox.demo.page;

import dev.outbox.demo.page.Snapshot.Level;
import dev.outbox.demo.page.Snapshot.Servers;
import dev.outbox.demo.page.Snapshot.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Puts what an audit found into one line. */
final class Verdicts {

  /** What is under way for less is what normal operation looks like. */
  static final Duration IN_TIME = Duration.ofSeconds(1);

  private Verdicts() {}

  static Verdict of(Findings audit, Servers servers) {
    if (!audit.wrong().isEmpty()) {
      return new Verdict(Level.RED, "Something is wrong", String.join(". ", audit.wrong()) + ".");
    }
    List<String> away = new ArrayList<>();
    if (!servers.database()) {
      away.add("PostgreSQL is away");
    }
    if (!servers.broker()) {
      away.add("Kafka is away");
    }
    if (servers.relay().known() && !servers.relay().up()) {
      away.add("the relay is away");
    }
    boolean late = audit.underWay() > 0 && audit.oldest().compareTo(IN_TIME) > 0;
    if (late || !away.isEmpty()) {
      String waiting =
          audit.underWay() == 0
              ? "Nothing is missing"
              : String.format(Locale.ROOT, "%,d on their way", audit.underWay());
      return new Verdict(
          Level.AMBER,
          away.isEmpty() ? waiting : waiting + ": " + String.join(", ", away),
          "%s. Whatever is missing follows by itself; nothing is lost so far."
              .formatted(figures(audit)));
    }
    return new Verdict(Level.GREEN, "Nothing lost, nothing twice", figures(audit));
  }

  private static String figures(Findings audit) {
    String text =
        String.format(
            Locale.ROOT,
            "%,d rows, %,d of them on their topic in order, %,d effects, each once",
            audit.rows(),
            audit.rows() - audit.toPublish() - audit.parked() - audit.discarded(),
            audit.effects());
    if (audit.parked() > 0) {
      text += String.format(Locale.ROOT, "; %,d parked by the relay", audit.parked());
    }
    if (audit.discarded() > 0) {
      text += String.format(Locale.ROOT, "; %,d discarded by an operator", audit.discarded());
    }
    return text;
  }
}
