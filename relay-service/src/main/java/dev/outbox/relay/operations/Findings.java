package dev.outbox.relay.operations;

import dev.outbox.relay.operations.AuditReport.Example;
import dev.outbox.relay.operations.AuditReport.Finding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Counts findings and keeps the first few as examples. For one thread. */
final class Findings {

  private final List<Example> examples = new ArrayList<>();
  private long count;

  void add(Supplier<Example> example) {
    count++;
    if (examples.size() < AuditReport.MOST_EXAMPLES) {
      examples.add(example.get());
    }
  }

  Finding finding() {
    return new Finding(count, examples);
  }
}
