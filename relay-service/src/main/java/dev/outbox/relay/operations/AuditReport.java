package dev.outbox.relay.operations;

import java.util.ArrayList;
import java.util.List;

/**
 * What an audit found. Rows are split up: {@code rows = published + parked + discarded + pending +
 * expired + lost}.
 *
 * @param rows rows of the range
 * @param published those that stand on their topic
 * @param parked those that are set aside, and not on the topic
 * @param discarded those that an operator gave up, and not on the topic
 * @param pending those that are not on the topic and need not be yet: the slot has not passed them
 * @param expired those that are not on the topic, which no longer holds what was published when
 *     they were written
 * @param lost those that must be on the topic and are not
 * @param records records that were read
 * @param replayed records that operators' replays have put there
 * @param duplicated records of an event that stands on the same topic before, replays apart
 * @param outOfOrder order inversions: records whose position is not beyond that of an earlier
 *     record of the same key, repeats of an event apart
 * @param unknown records whose event is not in the table; as a rule, retention has removed the row
 */
public record AuditReport(
    long rows,
    long published,
    long parked,
    long discarded,
    long pending,
    long expired,
    Finding lost,
    long records,
    long replayed,
    Finding duplicated,
    Finding outOfOrder,
    Finding unknown) {

  /** Most examples that are kept of a finding. */
  public static final int MOST_EXAMPLES = 20;

  /**
   * Something that is counted and shown by examples.
   *
   * @param count how often
   * @param examples the first of them, at most {@link #MOST_EXAMPLES}
   */
  public record Finding(long count, List<Example> examples) {
    public Finding {
      examples = List.copyOf(examples);
    }
  }

  /**
   * One event.
   *
   * @param id the event ID as text
   * @param about what is known of it
   */
  public record Example(String id, String about) {}

  /** Whether nothing is lost and nothing out of order. */
  public boolean isSound() {
    return lost.count() == 0 && outOfOrder.count() == 0;
  }

  /** The report for people: a line for each figure, examples below it. */
  public String asText() {
    List<String> lines = new ArrayList<>();
    add(lines, "rows", rows);
    add(lines, "  published", published);
    add(lines, "  parked", parked);
    add(lines, "  discarded", discarded);
    add(lines, "  pending", pending);
    add(lines, "  expired", expired);
    add(lines, "  lost", lost);
    add(lines, "records", records);
    add(lines, "  replayed", replayed);
    add(lines, "  duplicated", duplicated);
    add(lines, "  out of order", outOfOrder);
    add(lines, "  without a row", unknown);
    lines.add(verdict());
    return String.join(System.lineSeparator(), lines);
  }

  private String verdict() {
    if (!isSound()) {
      return "NOT SOUND: %d lost, %d out of order.".formatted(lost.count(), outOfOrder.count());
    }
    if (pending == 0 && expired == 0) {
      return "Sound: nothing is lost, nothing out of order.";
    }
    return "Sound so far: nothing is known to be lost, nothing is out of order%s%s."
        .formatted(
            pending == 0 ? "" : "; %d rows wait for the relay".formatted(pending),
            expired == 0
                ? ""
                : "; of %d rows the topics no longer tell whether they were published"
                    .formatted(expired));
  }

  private static void add(List<String> lines, String name, long count) {
    lines.add("%-16s %12d".formatted(name, count));
  }

  private static void add(List<String> lines, String name, Finding finding) {
    add(lines, name, finding.count());
    finding
        .examples()
        .forEach(example -> lines.add("    %s  %s".formatted(example.id(), example.about())));
  }
}
