package dev.outbox.benchmarks;

import dev.outbox.local.ChildProcess;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * A backlog on its way to Kafka: everybody drains the same rows, one after the other, each from a
 * slot of its own to a topic of its own.
 */
final class Drain {

  private static final Duration LOOK_EVERY = Duration.ofMillis(20);
  private static final Duration PATIENCE = Duration.ofMinutes(30);
  private static final Duration SETTLED = Duration.ofSeconds(2);

  private final Stack stack;
  private final List<Contender> contenders;
  private final Optional<ReceiveLogical> limit;

  Drain(Stack stack, List<Contender> contenders, Optional<ReceiveLogical> limit) {
    this.stack = stack;
    this.contenders = contenders;
    this.limit = limit;
  }

  /**
   * What one contender did.
   *
   * @param seconds from the start of its process to the arrival of the last record
   * @param firstSeconds from the start of its process to the arrival of the first record
   * @param steadyRate events a second in the second half
   * @param used until the last record was there
   * @param database processor time that PostgreSQL took meanwhile
   * @param machine processor time that everything took meanwhile
   */
  record Outcome(
      String name,
      double seconds,
      double firstSeconds,
      double steadyRate,
      Optional<ProcessFigures> used,
      Duration database,
      Duration machine,
      int repeats) {

    /** How much sooner it was through than another; empty when that one took no part. */
    Optional<Double> againstSeconds(String other, List<Outcome> all) {
      return find(other, all).map(found -> found.seconds / seconds);
    }

    /** Its steady rate as a share of another's. */
    Optional<Double> againstRate(String other, List<Outcome> all) {
      return find(other, all).map(found -> steadyRate / found.steadyRate);
    }

    private static Optional<Outcome> find(String name, List<Outcome> all) {
      return all.stream().filter(outcome -> outcome.name.equals(name)).findFirst();
    }
  }

  /** Several times, each with a backlog of its own; of each contender its median by seconds. */
  List<Outcome> run(Workload backlog, int rounds) {
    List<List<Outcome>> all = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      all.add(run(backlog));
    }
    return medians(all);
  }

  static List<Outcome> medians(List<List<Outcome>> rounds) {
    List<Outcome> medians = new ArrayList<>();
    for (int i = 0; i < rounds.get(0).size(); i++) {
      int contender = i;
      medians.add(
          rounds.stream()
              .map(round -> round.get(contender))
              .sorted(Comparator.comparingDouble(Outcome::seconds))
              .toList()
              .get(rounds.size() / 2));
    }
    return medians;
  }

  List<Outcome> run(Workload backlog) {
    stack.database().newOutbox();
    for (Contender contender : contenders) {
      contender.prepare(stack);
    }
    limit.ifPresent(program -> program.prepare(stack.database()));
    stack.database().write(backlog);
    List<Outcome> outcomes = new ArrayList<>();
    for (Contender contender : contenders) {
      outcomes.add(drain(contender, backlog));
    }
    limit.ifPresent(program -> outcomes.add(limit(program, backlog)));
    return outcomes;
  }

  private Outcome limit(ReceiveLogical program, Workload backlog) {
    double seconds = program.drain(stack.database()).toNanos() / 1e9;
    return new Outcome(
        ReceiveLogical.NAME,
        seconds,
        0,
        backlog.events() / seconds,
        Optional.empty(),
        Duration.ZERO,
        Duration.ZERO,
        0);
  }

  /** One of them, which has been prepared before the backlog was written. */
  Outcome drain(Contender contender, Workload backlog) {
    stack.createTopic(contender.topic(), backlog.partitions());
    Duration databaseBefore = stack.database().cpu();
    Duration machineBefore = Machine.cpu();
    long started = System.currentTimeMillis();
    ProcessFigures used;
    Duration database;
    Duration machine;
    try (ChildProcess process = contender.start(stack);
        Arrival.Counter counter = new Arrival.Counter(stack, contender.topic())) {
      awaitRecords(contender, process, counter, backlog.events());
      used = ProcessFigures.of(process.pid());
      database = stack.database().cpu().minus(databaseBefore);
      machine = Machine.cpu().minus(machineBefore);
      awaitSilence(counter);
    }
    Arrival arrival = Arrival.read(stack, contender.topic(), backlog);
    if (arrival.events() != backlog.events() || arrival.inversions() > 0) {
      throw new BenchmarkException(
          "%s published %,d of %,d events, %,d of them out of order"
              .formatted(
                  contender.name(), arrival.events(), backlog.events(), arrival.inversions()));
    }
    stack.deleteTopic(contender.topic());
    System.out.printf("%s: %,.0f events/s%n", contender.name(), arrival.steadyRate());
    return new Outcome(
        contender.name(),
        (arrival.last() - started) / 1e3,
        (arrival.first() - started) / 1e3,
        arrival.steadyRate(),
        Optional.of(used),
        database,
        machine,
        arrival.repeats());
  }

  private static void awaitRecords(
      Contender contender, ChildProcess process, Arrival.Counter counter, int events) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (counter.count() < events) {
      if (process.endedWithin(LOOK_EVERY)) {
        throw new BenchmarkException(contender.name() + " has ended:\n" + process.output());
      }
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException(
            "%s published %,d of %,d events within %s:%n%s"
                .formatted(contender.name(), counter.count(), events, PATIENCE, process.output()));
      }
    }
  }

  /** Markers of transactions count like records, so some records may still be missing. */
  private static void awaitSilence(Arrival.Counter counter) {
    long before;
    long now = counter.count();
    do {
      before = now;
      Pause.of(SETTLED);
      now = counter.count();
    } while (now != before);
  }
}
