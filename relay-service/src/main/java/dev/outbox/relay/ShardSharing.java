package dev.outbox.relay;

import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.RelayState.Stopped;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.DatabaseSession;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.leadership.ShardBalance;
import dev.outbox.relay.leadership.ShardBalance.Move;
import dev.outbox.relay.leadership.ShardClaims;
import dev.outbox.relay.leadership.ShardClaims.Member;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that this instance looks after its share of the shards, on a thread of its own. While
 * the database cannot be asked everything stays as it is.
 */
final class ShardSharing {

  private static final Logger LOG = LoggerFactory.getLogger(ShardSharing.class);

  private static final Duration LOOK_EVERY = Duration.ofMillis(250);

  /** An instance whose turn it is needs a few looks; one that cannot is not waited for. */
  private static final Duration ORPHANED_AFTER = Duration.ofSeconds(3);

  /** After a failure others come first for so long, and twice as long after each further one. */
  private static final Duration FIRST_DOUBT = Duration.ofSeconds(30);

  private static final Duration LONGEST_DOUBT = Duration.ofMinutes(10);

  private final DatabaseSession session;
  private final ShardClaims exchange;
  private final int shards;
  private final Map<Integer, Relay> relays = new HashMap<>();

  /** Shards that others are to see as ours; and those of them that we may lead. */
  private final Set<Integer> claims = new HashSet<>();

  private final Set<Integer> turns = ConcurrentHashMap.newKeySet();
  private final Set<Integer> ending = ConcurrentHashMap.newKeySet();
  private final Map<Integer, Long> freeSince = new HashMap<>();
  private final Map<Integer, Long> doubtedUntil = new HashMap<>();
  private final CountDownLatch stopRequested = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "outbox-relay-shards");
  private Duration doubt = FIRST_DOUBT;
  private boolean alone = true;
  private boolean silent;

  ShardSharing(RelaySettings settings) {
    this.session = new SourceDatabase(settings).session();
    this.exchange = new ShardClaims(session, settings);
    this.shards = settings.shards();
    thread.setDaemon(true);
  }

  /** Whether this instance is to look after a shard. Any thread. */
  boolean isTurnOf(int shard) {
    return turns.contains(shard);
  }

  /** Once; from now on these are shared. */
  void start(List<Relay> inOrder) {
    for (int shard = 1; shard <= shards; shard++) {
      relays.put(shard, inOrder.get(shard - 1));
    }
    thread.start();
  }

  private void run() {
    try {
      do {
        lookQuietly();
      } while (!stopRequested.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      LOG.atDebug().log("The sharing of shards was interrupted and ends");
    }
  }

  /** Catches everything: nobody would take the shards of an instance that has stopped looking. */
  private void lookQuietly() {
    try {
      look();
      silent = false;
    } catch (RuntimeException e) {
      if (!silent) {
        silent = true;
        LOG.atWarn()
            .log(
                "Shards cannot be shared: {}",
                e instanceof RelayException told ? told.problem() : e);
      }
    }
  }

  private void look() {
    claims.removeIf(this::isGivenAway);
    leaveWhatFails();
    Set<Integer> before = Set.copyOf(claims);
    List<Member> members = exchange();
    alone = members.size() == 1;
    Move move =
        ShardBalance.next(
            shards,
            members,
            held(Leading.class::isInstance),
            held(ShardSharing::waits),
            doubted(),
            orphans(members));
    move.drop().forEach(this::leave);
    move.claim().forEach(this::take);
    move.handOver().ifPresent(this::giveAway);
    endWhatIsNotOurs();
    if (!claims.equals(before)) {
      // At once, so that others do not take the same.
      var unused = exchange();
    }
  }

  private List<Member> exchange() {
    Set<Integer> leading = held(Leading.class::isInstance);
    // Whoever leads something is able to; what fails then is the shard's own trouble.
    boolean present = !leading.isEmpty() || doubted().isEmpty();
    return exchange.exchange(present, leading.containsAll(claims), Set.copyOf(claims));
  }

  private static boolean waits(RelayState state) {
    return state instanceof Standby standby && standby.serverProcess() != Standby.UNKNOWN;
  }

  private Set<Integer> held(Predicate<RelayState> as) {
    return turns.stream()
        .filter(shard -> as.test(relayOf(shard).state()))
        .collect(Collectors.toSet());
  }

  private Relay relayOf(int shard) {
    return Objects.requireNonNull(relays.get(shard));
  }

  private void leaveWhatFails() {
    if (!held(Leading.class::isInstance).isEmpty()) {
      doubt = FIRST_DOUBT;
    }
    for (int shard : Set.copyOf(turns)) {
      RelayState state = relayOf(shard).state();
      if (state instanceof Stopped || (state instanceof Failed && !alone)) {
        doubtedUntil.put(shard, System.nanoTime() + doubt.toNanos());
        Duration next = doubt.multipliedBy(2);
        doubt = next.compareTo(LONGEST_DOUBT) < 0 ? next : LONGEST_DOUBT;
        leave(shard);
      }
    }
  }

  private Set<Integer> doubted() {
    doubtedUntil.values().removeIf(until -> until - System.nanoTime() <= 0);
    return Set.copyOf(doubtedUntil.keySet());
  }

  /** Free for long, and nothing of it has just failed here. */
  private Set<Integer> orphans(List<Member> members) {
    Set<Integer> claimed = new HashSet<>();
    members.forEach(member -> claimed.addAll(member.claims()));
    long now = System.nanoTime();
    IntStream.rangeClosed(1, shards)
        .forEach(
            shard -> {
              RelayState state = relayOf(shard).state();
              if (claimed.contains(shard) || state instanceof Failed || state instanceof Stopped) {
                freeSince.remove(shard);
              } else {
                freeSince.putIfAbsent(shard, now);
              }
            });
    return freeSince.entrySet().stream()
        .filter(free -> now - free.getValue() >= ORPHANED_AFTER.toNanos())
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  private void take(int shard) {
    claims.add(shard);
    turns.add(shard);
    LOG.atInfo().addKeyValue("shard", shard).log("This instance looks after a shard");
  }

  private void leave(int shard) {
    turns.remove(shard);
    claims.remove(shard);
    LOG.atInfo().addKeyValue("shard", shard).log("A shard is left to other instances");
  }

  /** The claim stays until the run is over, or the next instance would find the slot in use. */
  private void giveAway(int shard) {
    turns.remove(shard);
    LOG.atInfo().addKeyValue("shard", shard).log("Handing a shard over to another instance");
  }

  private boolean isGivenAway(int shard) {
    return !turns.contains(shard) && !ending.contains(shard) && !relayOf(shard).isRunning();
  }

  /** Also a run that was about to begin when its shard was left to another instance. */
  private void endWhatIsNotOurs() {
    relays.forEach(
        (shard, relay) -> {
          if (!turns.contains(shard) && relay.isRunning() && ending.add(shard)) {
            end(shard, relay);
          }
        });
  }

  private void end(int shard, Relay relay) {
    Thread ender =
        new Thread(
            () -> {
              try {
                relay.handOver();
              } catch (InterruptedException | RuntimeException e) {
                LOG.atWarn().setCause(e).log("Handing a shard over did not end gracefully");
              }
              ending.remove(shard);
            },
            "outbox-relay-hand-over");
    ender.setDaemon(true);
    ender.start();
  }

  /** Nothing new is taken from now on; what is there stays claimed. */
  void stop() throws InterruptedException {
    stopRequested.countDown();
    thread.join();
  }

  /** After the relays' end: other instances may have the shards. */
  void leaveAll() {
    session.close();
  }
}
