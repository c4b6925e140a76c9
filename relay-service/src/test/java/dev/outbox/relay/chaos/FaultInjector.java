package dev.outbox.relay.chaos;

import dev.outbox.local.FaultProxy;
import dev.outbox.local.LocalStackException;
import dev.outbox.local.RestartableServer;
import dev.outbox.relay.chaos.Fault.Role;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Does what a plan says and repairs it. Faults of different things overlap; those of one thing (a
 * process, a connection) come one after the other. For one thread.
 */
final class FaultInjector implements AutoCloseable {

  /** Bytes to PostgreSQL: statements and confirmations. To Kafka: a part of a request. */
  private static final long DATABASE_BYTES = 300;

  private static final long KAFKA_BYTES = 20_000;
  private static final double DELAY_SHARE = 0.05;

  private final ChaosStack stack;
  private final Timeline timeline;
  private final Map<String, ExecutorService> lanes = new HashMap<>();
  private final List<Future<?>> underWay = new ArrayList<>();
  private final Map<FaultKind, Integer> counts = new EnumMap<>(FaultKind.class);
  private RelayInstance leader;

  FaultInjector(ChaosStack stack, Timeline timeline) {
    this.stack = stack;
    this.timeline = timeline;
    this.leader = stack.relays().get(0);
  }

  /** What a fault does, to the end of its repair. */
  private interface Action extends Callable<Void> {

    void run() throws Exception;

    @Override
    default Void call() throws Exception {
      run();
      return null;
    }
  }

  /** Begins a fault and returns. */
  void inject(Fault fault) {
    RelayInstance relay = relay(fault.role());
    counts.merge(fault.kind(), 1, Integer::sum);
    switch (fault.kind()) {
      case RELAY_KILL -> process(fault, relay, () -> kill(fault, relay));
      case RELAY_PAUSE -> process(fault, relay, () -> pause(fault, relay));
      case RELAY_PAUSE_KILL -> process(fault, relay, () -> pauseAndKill(fault, relay));
      case RELAY_RESTART -> process(fault, relay, () -> restart(fault, relay));
      case POSTGRES_CRASH -> begin(fault, "PostgreSQL", () -> crashPostgres(fault));
      case BROKER_KILL -> begin(fault, "Kafka", () -> killBroker(fault));
      case DATABASE_CUT -> database(fault, relay, () -> cut(fault, relay.database()));
      case DATABASE_CUT_MIDWAY ->
          database(fault, relay, () -> cutAfter(fault, relay.database(), DATABASE_BYTES));
      case DATABASE_HALF_OPEN -> database(fault, relay, () -> stall(fault, relay.database()));
      case DATABASE_DELAY -> database(fault, relay, () -> delay(fault, relay.database()));
      case KAFKA_CUT -> kafka(fault, relay, () -> cut(fault, relay.kafka()));
      case KAFKA_CUT_MIDWAY ->
          kafka(fault, relay, () -> cutAfter(fault, relay.kafka(), KAFKA_BYTES));
      case KAFKA_HALF_OPEN -> kafka(fault, relay, () -> stall(fault, relay.kafka()));
      case KAFKA_DELAY -> kafka(fault, relay, () -> delay(fault, relay.kafka()));
      case SLOT_DROP -> begin(fault, "PostgreSQL", () -> dropSlot(fault));
    }
  }

  /** Fails when a fault or its repair has. */
  void check() throws Exception {
    for (Future<?> repair : underWay) {
      if (repair.isDone()) {
        await(repair);
      }
    }
  }

  /** Returns when everything is as it should be. */
  void awaitRepaired() throws Exception {
    for (Future<?> repair : underWay) {
      await(repair);
    }
    underWay.clear();
  }

  private static void await(Future<?> repair) throws Exception {
    try {
      repair.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof ChaosViolation violation) {
        throw violation;
      }
      throw e;
    }
  }

  /** How often each kind was injected. */
  Map<FaultKind, Integer> counts() {
    return Map.copyOf(counts);
  }

  /** Whether a relay says that it leads; also remembers which. */
  boolean someRelayLeads() {
    for (RelayInstance relay : stack.relays()) {
      if (relay.isLeading()) {
        leader = relay;
        return true;
      }
    }
    return false;
  }

  /** Whoever leads now, or led when last seen. */
  private RelayInstance relay(Role role) {
    var unused = someRelayLeads();
    return role == Role.LEADER
        ? leader
        : stack.relays().stream().filter(relay -> relay != leader).findFirst().orElseThrow();
  }

  private void process(Fault fault, RelayInstance relay, Action action) {
    begin(fault, "relay " + relay.name(), action);
  }

  private void database(Fault fault, RelayInstance relay, Action action) {
    begin(fault, "relay %s to PostgreSQL".formatted(relay.name()), action);
  }

  private void kafka(Fault fault, RelayInstance relay, Action action) {
    begin(fault, "relay %s to Kafka".formatted(relay.name()), action);
  }

  private void begin(Fault fault, String thing, Action action) {
    String what =
        "#%d %s: %s%s for %d ms"
            .formatted(
                fault.number(),
                thing,
                fault.kind().title(),
                fault.harder() ? ", harder," : "",
                fault.hold().toMillis());
    ExecutorService lane =
        lanes.computeIfAbsent(
            thing, name -> Executors.newSingleThreadExecutor(task -> new Thread(task, name)));
    underWay.add(
        lane.submit(
            () -> {
              timeline.note(what);
              try {
                return action.call();
              } catch (Exception | Error e) {
                timeline.note("#%d failed: %s".formatted(fault.number(), e.getMessage()));
                throw e;
              } finally {
                timeline.note("#%d over".formatted(fault.number()));
              }
            }));
  }

  private static void hold(Fault fault) throws InterruptedException {
    TimeUnit.MILLISECONDS.sleep(fault.hold().toMillis());
  }

  private static void kill(Fault fault, RelayInstance relay) throws InterruptedException {
    relay.kill();
    hold(fault);
    relay.start();
  }

  private static void pause(Fault fault, RelayInstance relay) throws InterruptedException {
    relay.signal("STOP");
    hold(fault);
    relay.signal("CONT");
  }

  private static void pauseAndKill(Fault fault, RelayInstance relay) throws InterruptedException {
    relay.signal("STOP");
    hold(fault);
    relay.kill();
    relay.start();
  }

  private void restart(Fault fault, RelayInstance relay) throws InterruptedException {
    if (!relay.stop()) {
      timeline.note("#%d did not stop in time and was killed".formatted(fault.number()));
    }
    hold(fault);
    relay.start();
  }

  private void crashPostgres(Fault fault) throws InterruptedException {
    stack.postgres().stopImmediately();
    hold(fault);
    start(stack.postgres());
  }

  private void killBroker(Fault fault) throws InterruptedException {
    stack.kafka().kill();
    hold(fault);
    start(stack.kafka());
  }

  /** The slots of all shards in turn. */
  private void dropSlot(Fault fault) throws InterruptedException {
    List<String> slots = stack.slotNames();
    new SlotDrop(stack.database(), slots.get(fault.number() % slots.size())).run();
  }

  /** Once more where it takes too long: the processes of a run can keep a small machine busy. */
  private void start(RestartableServer server) {
    try {
      server.start();
    } catch (LocalStackException e) {
      timeline.note("not started, trying again: " + e.getMessage());
      server.start();
    }
  }

  /** The harder variant takes no new connections either. */
  private static void cut(Fault fault, FaultProxy proxy) throws InterruptedException {
    if (fault.harder()) {
      proxy.refuse();
    }
    proxy.cut();
    hold(fault);
    proxy.accept();
  }

  private static void cutAfter(Fault fault, FaultProxy proxy, long bytes)
      throws InterruptedException {
    proxy.cutAfter(fault.harder() ? 1 : bytes);
    hold(fault);
  }

  /** What was held passes afterwards; in the harder variant it is lost. */
  private static void stall(Fault fault, FaultProxy proxy) throws InterruptedException {
    proxy.stall();
    hold(fault);
    if (fault.harder()) {
      proxy.cut();
    }
    proxy.resume();
  }

  private static void delay(Fault fault, FaultProxy proxy) throws InterruptedException {
    proxy.delay(Duration.ofMillis(Math.round(fault.hold().toMillis() * DELAY_SHARE)));
    hold(fault);
    proxy.delay(Duration.ZERO);
  }

  @Override
  public void close() {
    lanes.values().forEach(ExecutorService::shutdownNow);
  }
}
