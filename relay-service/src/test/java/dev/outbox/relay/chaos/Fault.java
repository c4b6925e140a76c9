package dev.outbox.relay.chaos;

import java.time.Duration;

/**
 * One fault of a plan.
 *
 * @param number counted from 1
 * @param kind what is done
 * @param role which relay it meets, where it meets one; who has the role is seen when it happens
 * @param blind whether it comes even while the faults before have left nothing that works
 * @param pause time since the fault before
 * @param hold how long it lasts; faults of different things overlap
 * @param harder the harder of two variants, where the kind has two
 */
record Fault(
    int number,
    FaultKind kind,
    Role role,
    boolean blind,
    Duration pause,
    Duration hold,
    boolean harder) {

  /** What a relay is doing when the fault comes. */
  enum Role {
    LEADER,
    STANDBY
  }
}
