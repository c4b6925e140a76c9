package dev.outbox.relay.position;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The events handed to Kafka and not yet settled, in commit order, bounded by bytes.
 *
 * <p>Acknowledgements arrive in any order; a position may be confirmed to PostgreSQL only when it
 * and everything before it is settled. So entries leave only from the head, and the bytes of an
 * event count until it has left: a stalled partition bounds memory as surely as a stalled broker.
 *
 * <p>Each entry keeps what is needed to send its event again until it is acknowledged.
 *
 * <p>The engine thread admits and settles; Kafka's callback thread only completes an {@link Entry};
 * any thread may read the figures.
 *
 * @param <T> what an entry keeps
 */
public final class InFlightEvents<T> {

  /** What an entry costs beside its payload, so that empty payloads are bounded too. */
  private static final int ENTRY_OVERHEAD_BYTES = 256;

  private final long limitBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition completed = lock.newCondition();
  private final Deque<Entry<T>> entries = new ArrayDeque<>();
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicInteger events = new AtomicInteger();
  private volatile @Nullable Entry<T> oldest;
  private volatile boolean awaited;
  private long settledTransaction;

  /**
   * @param limitBytes most bytes in flight; a single larger event is admitted alone
   * @param start LSN that counts as settled from the start
   */
  public InFlightEvents(long limitBytes, long start) {
    this.limitBytes = limitBytes;
    this.settledTransaction = start;
  }

  /** Whether an event of this size may be admitted now. Engine thread. */
  public boolean hasRoomFor(int payloadBytes) {
    long inFlight = bytes.get();
    return inFlight == 0 || inFlight + payloadBytes + ENTRY_OVERHEAD_BYTES <= limitBytes;
  }

  /**
   * Takes an event in. Engine thread.
   *
   * @param transaction LSN that may be confirmed once this and everything before it is settled
   * @param payloadBytes size of key, value and headers
   * @param subject kept until the entry is acknowledged
   */
  public Entry<T> admit(long transaction, int payloadBytes, T subject) {
    return add(new Entry<>(this, transaction, payloadBytes + ENTRY_OVERHEAD_BYTES, subject));
  }

  /** Takes back what was admitted last and then not handed to Kafka. Engine thread. */
  public void withdrawLast() {
    Entry<T> last = entries.removeLast();
    bytes.addAndGet(-last.bytes);
    events.decrementAndGet();
    oldest = entries.peekFirst();
  }

  /** Entries that are not acknowledged, in order. Engine thread. */
  public List<Entry<T>> open() {
    return entries.stream().filter(entry -> !entry.acknowledged).toList();
  }

  /**
   * Takes in something that needs no acknowledgement but holds a place in the order. Engine thread.
   */
  public void pass(long transaction) {
    @Nullable Entry<T> last = entries.peekLast();
    if (last == null) {
      settledTransaction = transaction;
    } else if (last.transaction != transaction) {
      if (last.passed) {
        // Only the furthest counts, or a stalled event would gather them without end.
        entries.removeLast();
        bytes.addAndGet(-last.bytes);
      }
      add(new Entry<>(this, transaction, ENTRY_OVERHEAD_BYTES, null));
    }
  }

  private Entry<T> add(Entry<T> entry) {
    if (entries.isEmpty()) {
      oldest = entry;
    }
    entries.addLast(entry);
    bytes.addAndGet(entry.bytes);
    if (!entry.passed) {
      events.incrementAndGet();
    }
    return entry;
  }

  /**
   * Lets go of the contiguous settled prefix. Engine thread.
   *
   * @return the LSN up to which everything is settled: that of the first entry that is not, since
   *     all transactions that end at or before it are; else that of the last entry
   */
  public long settle() {
    @Nullable Entry<T> head = entries.peekFirst();
    while (head != null && head.acknowledged) {
      entries.removeFirst();
      bytes.addAndGet(-head.bytes);
      if (!head.passed) {
        events.decrementAndGet();
      }
      settledTransaction = head.transaction;
      head = entries.peekFirst();
    }
    if (head != null) {
      settledTransaction = head.transaction;
    }
    oldest = head;
    return settledTransaction;
  }

  /** Whether nothing is in flight. Engine thread. */
  public boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Waits until the oldest entry is completed, for at most this long. Engine thread. */
  public void awaitCompletion(Duration atMost) throws InterruptedException {
    long remaining = atMost.toNanos();
    lock.lock();
    try {
      awaited = true;
      @Nullable Entry<T> head = entries.peekFirst();
      while (head != null && !head.acknowledged && remaining > 0) {
        remaining = completed.awaitNanos(remaining);
      }
    } finally {
      awaited = false;
      lock.unlock();
    }
  }

  /** Whether this entry and nothing before it is open. Engine thread. */
  public boolean isOldest(Entry<T> entry) {
    var unused = settle();
    return entries.peekFirst() == entry;
  }

  /** Events in flight. Any thread. */
  public int events() {
    return events.get();
  }

  /** Bytes in flight. Any thread. */
  public long bytes() {
    return bytes.get();
  }

  /** How long the oldest event has been in flight; zero when none is. Any thread. */
  public Duration oldestAge() {
    @Nullable Entry<T> entry = oldest;
    return entry == null
        ? Duration.ZERO
        : Duration.ofNanos(System.nanoTime() - entry.admittedNanos);
  }

  /** What the oldest entry keeps; empty when none is open. Any thread. */
  public Optional<T> oldestSubject() {
    @Nullable Entry<T> entry = oldest;
    return entry == null ? Optional.empty() : Optional.ofNullable(entry.subject());
  }

  private void signal() {
    lock.lock();
    try {
      completed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * One event in flight. Completed once, by any thread.
   *
   * @param <T> what it keeps until then
   */
  public static final class Entry<T> {
    private final InFlightEvents<T> owner;
    private final long transaction;
    private final int bytes;
    private final boolean passed;
    private final long admittedNanos = System.nanoTime();
    private volatile @Nullable T subject;
    private volatile boolean acknowledged;

    private Entry(InFlightEvents<T> owner, long transaction, int bytes, @Nullable T subject) {
      this.owner = owner;
      this.transaction = transaction;
      this.bytes = bytes;
      this.subject = subject;
      this.passed = subject == null;
      this.acknowledged = passed;
    }

    /** What is kept; null once the entry is acknowledged. */
    public @Nullable T subject() {
      return subject;
    }

    /** Kafka has the event, or it is dealt with otherwise. */
    public void acknowledge() {
      acknowledged = true;
      subject = null;
      // The lock is not worth taking for every event: the engine thread sets the flag before it
      // looks at the entry, so either it sees the acknowledgement or this sees the flag.
      if (owner.awaited) {
        owner.signal();
      }
    }
  }
}
