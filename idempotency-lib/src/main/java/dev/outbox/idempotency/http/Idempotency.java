package dev.outbox.idempotency.http;

import dev.outbox.idempotency.http.IdempotencyListener.Event;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Idempotency keys for HTTP, for any framework. For each request: describe it ({@link
 * IncomingRequest}), ask {@link #admit}, and if it is admitted under a key run it by {@link
 * #atomic} or {@link #reserved}, as its endpoint says. Then write out the {@link Outcome}, not
 * before. Any number of threads may use one instance.
 */
public final class Idempotency implements AutoCloseable {

  private final IdempotencyStore store;
  private final Optional<AtomicExecution> atomic;
  private final Heartbeats heartbeats;
  private final ReservedExecution reserved;
  private final Observation observation;
  private final IdempotencyListener listener;
  private final Duration retryAfter;

  private Idempotency(Builder builder) {
    this.store = builder.store;
    this.listener = builder.listener;
    this.retryAfter = builder.retryAfter;
    Set<String> neverStored = StoredResponse.keys(builder.neverStored);
    this.atomic =
        store instanceof PostgresIdempotencyStore postgres
            ? builder.transactions.map(
                own -> new AtomicExecution(postgres, own, retryAfter, neverStored))
            : Optional.empty();
    this.heartbeats = new Heartbeats(store, builder.lease, builder.longest);
    this.reserved =
        new ReservedExecution(
            store, builder.transactions, heartbeats, builder.lease, retryAfter, neverStored);
    this.observation = new Observation(store);
  }

  /** Begin with the store. */
  public static Builder over(IdempotencyStore store) {
    return new Builder(store);
  }

  /** Whether and how this request goes on. Asks no database. */
  public Admission admit(Endpoint endpoint, IncomingRequest request) {
    boolean observe = endpoint.stage() == Stage.OBSERVE;
    try {
      Optional<IdempotencyKey> key = key(endpoint, request);
      if (key.isEmpty()) {
        listener.happened(endpoint, Event.KEY_MISSING);
        return endpoint.stage() == Stage.REQUIRED
            ? new Admission.Refused(new Outcome.KeyMissing())
            : new Admission.Unkeyed(Optional.empty());
      }
      if (request.caller().principal().isEmpty() && !endpoint.anonymous()) {
        return refused(endpoint, new Outcome.PrincipalMissing());
      }
      IdempotentCall call = call(endpoint, request, key.get());
      return observe ? new Admission.Unkeyed(Optional.of(call)) : new Admission.Keyed(call);
    } catch (InvalidIdempotencyKeyException e) {
      return refused(endpoint, new Outcome.KeyInvalid(String.valueOf(e.getMessage())));
    }
  }

  /** Whether this instance has what {@link #atomic} takes. */
  public boolean isAtomicPossible() {
    return atomic.isPresent();
  }

  /**
   * Run the work and store its answer in one transaction, or give the answer of an earlier attempt.
   * A duplicate waits as long as the store was told to for a first attempt that is at work, then
   * gets {@link Outcome.InProgress}.
   *
   * @throws IllegalStateException when this instance has no PostgreSQL store or no transactions
   * @throws Exception what the work or the database threw. All is rolled back, unless it was the
   *     commit whose answer was lost; either way the same request may come again
   */
  public Outcome atomic(IdempotentCall call, AtomicWork work) throws Exception {
    AtomicExecution execution =
        atomic.orElseThrow(
            () ->
                new IllegalStateException(
                    "Endpoint '%s' is in atomic mode, which takes a PostgresIdempotencyStore and"
                            .formatted(call.endpoint().name())
                        + " transactions on its database. Use reserved mode with other stores."));
    return told(call, () -> execution.run(call, work));
  }

  /**
   * Reserve the key and run the work in steps, or go on where an earlier attempt stopped, or give
   * its answer.
   *
   * @throws Exception what the work or the store threw; recorded steps stay recorded
   */
  public Outcome reserved(IdempotentCall call, ReservedWork work) throws Exception {
    return told(call, () -> reserved.run(call, work));
  }

  /** Note that a request that was only observed was answered so. Never throws for the store. */
  public void observed(IdempotentCall call, int status) {
    listener.happened(call.endpoint(), observation.of(call, status));
  }

  /**
   * Delete records whose window has ended.
   *
   * @see IdempotencyStore#deleteExpired
   */
  public int deleteExpired(int limit) {
    return store.deleteExpired(limit);
  }

  /** When a client is to ask again that got no answer of its own. */
  public Duration retryAfter() {
    return retryAfter;
  }

  /** Ends the heartbeats; reservations that are held then last as long as their leases. */
  @Override
  public void close() {
    heartbeats.close();
  }

  private static Optional<IdempotencyKey> key(Endpoint endpoint, IncomingRequest request) {
    List<String> fields = request.header(IdempotencyKey.HEADER);
    return fields.isEmpty()
        ? endpoint.derivation().derive(request)
        : Optional.of(IdempotencyKey.parse(fields));
  }

  private static IdempotentCall call(
      Endpoint endpoint, IncomingRequest request, IdempotencyKey key) {
    IdempotencyScope scope =
        new IdempotencyScope(
            request.caller().tenant(), request.caller().principal(), endpoint.name());
    RecordId id =
        endpoint.stage() == Stage.OBSERVE ? scope.observationOf(key) : scope.recordOf(key);
    return new IdempotentCall(
        endpoint,
        new ClaimRequest(
            id,
            scope,
            RequestFingerprint.of(request, endpoint.fingerprintHeaders()),
            endpoint.window()));
  }

  private Admission refused(Endpoint endpoint, Outcome.Refusal refusal) {
    listener.happened(endpoint, Event.of(refusal));
    return endpoint.stage() == Stage.OBSERVE
        ? new Admission.Unkeyed(Optional.empty())
        : new Admission.Refused(refusal);
  }

  private Outcome told(IdempotentCall call, Execution execution) throws Exception {
    Event event = Event.FAILED;
    try {
      Outcome outcome = execution.run();
      event = event(outcome);
      return outcome;
    } finally {
      listener.happened(call.endpoint(), event);
    }
  }

  private static Event event(Outcome outcome) {
    if (outcome instanceof Outcome.Executed executed) {
      return executed.remembered().isPresent() ? Event.EXECUTED : Event.RELEASED;
    }
    return outcome instanceof Outcome.Refusal refusal ? Event.of(refusal) : Event.REPLAYED;
  }

  @FunctionalInterface
  private interface Execution {

    Outcome run() throws Exception;
  }

  /** What an instance is made of. */
  public static final class Builder {

    /** How long a reservation lasts without a heartbeat. */
    public static final Duration DEFAULT_LEASE = Duration.ofSeconds(30);

    /** How long a reservation is renewed at all. */
    public static final Duration DEFAULT_LONGEST = Duration.ofMinutes(10);

    /** What a client is told by {@code Retry-After}. */
    public static final Duration DEFAULT_RETRY_AFTER = Duration.ofSeconds(1);

    private final IdempotencyStore store;
    private Optional<IdempotencyTransactions> transactions = Optional.empty();
    private Duration lease = DEFAULT_LEASE;
    private Duration longest = DEFAULT_LONGEST;
    private Duration retryAfter = DEFAULT_RETRY_AFTER;
    private IdempotencyListener listener = IdempotencyListener.none();
    private Set<String> neverStored = StoredResponse.NEVER_STORED;

    private Builder(IdempotencyStore store) {
      this.store = store;
    }

    /** Transactions on the database of the records, for atomic mode and local steps. */
    public Builder transactions(IdempotencyTransactions own) {
      this.transactions = Optional.of(own);
      return this;
    }

    /**
     * How long a reservation lasts after its last heartbeat: how long a client waits after a crash.
     */
    public Builder lease(Duration duration) {
      this.lease = positive("lease", duration);
      return this;
    }

    /** After how long a reservation is renewed no more, because its thread hangs. */
    public Builder longest(Duration duration) {
      this.longest = positive("longest reservation", duration);
      return this;
    }

    /**
     * When a client is to ask again that met another attempt; told in whole seconds, rounded up.
     */
    public Builder retryAfter(Duration duration) {
      this.retryAfter = positive("retry after", duration);
      return this;
    }

    /** Who hears what becomes of each request. */
    public Builder listener(IdempotencyListener own) {
      this.listener = own;
      return this;
    }

    /** Response headers that are not stored, in addition to {@link StoredResponse#NEVER_STORED}. */
    public Builder alsoNeverStored(Collection<String> headerNames) {
      Set<String> all = new HashSet<>(StoredResponse.NEVER_STORED);
      all.addAll(headerNames);
      this.neverStored = all;
      return this;
    }

    /** The instance; close it at the end. */
    public Idempotency build() {
      return new Idempotency(this);
    }

    private static Duration positive(String what, Duration duration) {
      if (duration.isZero() || duration.isNegative()) {
        throw new IllegalArgumentException("%s is %s".formatted(what, duration));
      }
      return duration;
    }
  }
}
