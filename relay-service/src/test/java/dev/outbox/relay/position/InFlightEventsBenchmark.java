package dev.outbox.relay.position;

import dev.outbox.relay.position.InFlightEvents.Entry;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** One event's share of a batch that is admitted, acknowledged in order and settled. */
@State(Scope.Benchmark)
public class InFlightEventsBenchmark {

  private static final int BATCH = 1000;
  private static final int PER_TRANSACTION = 10;
  private static final int EVENT_BYTES = 600;

  private final InFlightEvents<String> inFlight = new InFlightEvents<>(Long.MAX_VALUE, 0);
  private final List<Entry<String>> entries = new ArrayList<>(BATCH);

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public long admitAcknowledgeSettle() {
    for (int i = 0; i < BATCH; i++) {
      entries.add(inFlight.admit(i / PER_TRANSACTION, EVENT_BYTES, "event"));
    }
    entries.forEach(Entry::acknowledge);
    entries.clear();
    return inFlight.settle();
  }
}
