package dev.outbox.relay.chaos;

import dev.outbox.relay.chaos.Fault.Role;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Random;

/** An endless row of faults, which depends on the seed and the kinds alone. For one thread. */
final class FaultPlan {

  private static final int SHORTEST_PAUSE_MILLIS = 800;
  private static final int LONGEST_PAUSE_MILLIS = 2_800;
  private static final double LEADERS = 0.7;
  private static final double BLIND = 0.3;

  private final Random random;
  private final List<FaultKind> kinds;
  private int drawn;

  FaultPlan(long seed, Collection<FaultKind> kinds) {
    this.random = new Random(seed);
    this.kinds = kinds.stream().sorted().toList();
  }

  /** Each fault takes as many random numbers as any other. */
  Fault next() {
    FaultKind kind = draw(random.nextInt(kinds.stream().mapToInt(FaultKind::weight).sum()));
    Role role = random.nextDouble() < LEADERS ? Role.LEADER : Role.STANDBY;
    boolean blind = random.nextDouble() < BLIND;
    Duration pause =
        Duration.ofMillis(
            SHORTEST_PAUSE_MILLIS + random.nextInt(LONGEST_PAUSE_MILLIS - SHORTEST_PAUSE_MILLIS));
    Duration hold = kind.hold(random.nextDouble());
    drawn++;
    return new Fault(drawn, kind, role, blind, pause, hold, random.nextBoolean());
  }

  private FaultKind draw(int ticket) {
    int rest = ticket;
    for (FaultKind kind : kinds) {
      rest -= kind.weight();
      if (rest < 0) {
        return kind;
      }
    }
    throw new IllegalStateException("no fault to draw");
  }
}
