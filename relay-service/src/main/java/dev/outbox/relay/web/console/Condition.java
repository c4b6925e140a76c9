package dev.outbox.relay.web.console;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.RelayState.Standby;
import dev.outbox.relay.slot.SlotAssessment;
import dev.outbox.relay.slot.SlotAssessment.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether the relay does what it is for, by what it does and not by whether it is alive. Health and
 * console say the same, because both ask here.
 *
 * @param state what the relay is doing
 * @param working whether it leads and gets on, or stands by
 * @param troubles what is wrong now, in growing importance; empty while all is well
 * @param warnings what is to be looked at by daylight
 */
public record Condition(
    RelayState state, boolean working, List<Trouble> troubles, List<Trouble> warnings) {

  public Condition {
    troubles = List.copyOf(troubles);
    warnings = List.copyOf(warnings);
  }

  /**
   * Something that is wrong.
   *
   * @param problem what is wrong with which thing
   * @param remedy what to do about it
   */
  public record Trouble(String problem, String remedy) {}

  /** How it is now. */
  public static Condition of(Relay relay) {
    RelayState state = relay.state();
    List<Trouble> troubles = new ArrayList<>();
    List<Trouble> warnings = new ArrayList<>();
    // The lag is the leader's; it does not make those unfit that stand by.
    if (!(state instanceof Standby)) {
      SlotAssessment slot = relay.slotLevel();
      slot.problemAt(Level.WARNING)
          .ifPresent(problem -> warnings.add(new Trouble(problem, SlotAssessment.REMEDY)));
      // Soon the disk of the source database, or the slot with its events, is gone.
      slot.problemAt(Level.CRITICAL)
          .ifPresent(problem -> troubles.add(new Trouble(problem, SlotAssessment.REMEDY)));
    }
    if (state instanceof Failed failed) {
      troubles.add(new Trouble(failed.failure().problem(), failed.failure().remedy()));
    }
    Duration stalled = relay.stalledFor();
    if (!stalled.isZero()) {
      troubles.add(
          new Trouble(
              "Kafka has acknowledged nothing for " + stalled.toSeconds() + " s",
              "Bring the brokers back, or create the topic if the log names one that is waited for;"
                  + " events wait in order."));
    }
    relay
        .standstill()
        .ifPresent(
            problem ->
                troubles.add(
                    new Trouble(
                        problem, "Look at PostgreSQL and the network to it; see 'status'.")));
    boolean working = (state instanceof Leading && troubles.isEmpty()) || state instanceof Standby;
    return new Condition(state, working, troubles, warnings);
  }
}
