package dev.outbox.writer.test;

import dev.outbox.writer.AppendResult;
import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;

/**
 * An outbox for tests that remembers what was appended.
 *
 * <pre>{@code
 * RecordingOutbox outbox = new RecordingOutbox();
 * new Orders(outbox).place(order);
 * outbox.appended().assertOnly().hasType("OrderPlaced").hasAggregate("Order", "42");
 * }</pre>
 *
 * <p>Events are those of the library, with its validation, and an ID that was appended before is
 * reported as a duplicate. Alone it needs neither a database nor a transaction, and so does not
 * notice that one is missing; {@link #inFrontOf} a real writer it does, also for the log as medium,
 * whose messages nobody can read before the commit. It does not notice a rollback: what was
 * appended stays recorded.
 *
 * <p>Safe for use by several threads.
 */
public final class RecordingOutbox implements OutboxWriter {

  private final OutboxWriter writer;
  private final List<OutboxEvent> recorded = new ArrayList<>();

  /** Without a database. */
  public RecordingOutbox() {
    this(new InMemory());
  }

  private RecordingOutbox(OutboxWriter writer) {
    this.writer = writer;
  }

  /** Hands everything on to this writer, and records what it has appended. */
  public static RecordingOutbox inFrontOf(OutboxWriter writer) {
    return new RecordingOutbox(writer);
  }

  @Override
  public List<AppendResult> append(List<OutboxEvent> events) {
    List<AppendResult> results = writer.append(events);
    synchronized (recorded) {
      for (int i = 0; i < results.size(); i++) {
        if (results.get(i).appended()) {
          recorded.add(events.get(i));
        }
      }
    }
    return results;
  }

  /** What was appended so far, in order and without duplicates. */
  public AppendedEvents appended() {
    synchronized (recorded) {
      return new AppendedEvents(recorded);
    }
  }

  /** Forgets what was recorded; without a database also which IDs are there already. */
  public void clear() {
    synchronized (recorded) {
      recorded.clear();
    }
    if (writer instanceof InMemory inMemory) {
      inMemory.clear();
    }
  }

  /** Knows which IDs are there, as the table's unique index does. */
  private static final class InMemory implements OutboxWriter {

    private final Set<UUID> ids = new HashSet<>();

    @Override
    public synchronized List<AppendResult> append(List<OutboxEvent> events) {
      return events.stream()
          .map(event -> new AppendResult(event.id(), ids.add(event.id())))
          .toList();
    }

    synchronized void clear() {
      ids.clear();
    }
  }
}
