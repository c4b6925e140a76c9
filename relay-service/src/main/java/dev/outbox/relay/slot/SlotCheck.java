package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import java.util.Objects;
import java.util.Optional;

/** Rules that a slot must keep before an event is read from it, and while events are. */
final class SlotCheck {

  private static final String LOST = ": events may have been committed that it no longer holds.";

  private SlotCheck() {}

  static GapException missing(RelaySettings settings) {
    return gap(
        settings,
        "Replication slot '%s' is gone, although it was made before".formatted(settings.slot()));
  }

  /** A gap was found before, and nobody has accepted it. */
  static GapException remembered(RelaySettings settings, Memory memory) {
    return gap(settings, memory.gap().orElse("A gap was found"));
  }

  /** The slot itself is usable. */
  static void require(RelaySettings settings, SlotStatus slot) {
    requireOwn(settings, slot);
    if (slot.invalidationReason() != null || slot.confirmedLsn() == null) {
      throw gap(
          settings,
          "Replication slot '%s' is invalidated (%s)"
              .formatted(settings.slot(), slot.invalidationReason()));
    }
  }

  /** The slot of that name is one that the relay could have made. */
  static void requireOwn(RelaySettings settings, SlotStatus slot) {
    if (!slot.plugin().equals("pgoutput") || !slot.inThisDatabase()) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Replication slot '%s' belongs to something else: plugin %s%s."
              .formatted(
                  settings.slot(),
                  slot.plugin(),
                  slot.inThisDatabase() ? "" : ", another database"),
          "Name another slot with outbox.relay.slot.");
    }
  }

  /** The slot stands where the relay left it. */
  static void requireSameServer(RelaySettings settings, Memory memory, Server server) {
    if (memory.gap().isPresent()) {
      throw remembered(settings, memory);
    }
    if (!memory.slot().equals(settings.slot())) {
      throw new RelayException(
          Stage.PREFLIGHT,
          "Relay '%s' has used slot '%s' so far, and the settings name slot '%s'."
              .formatted(settings.name(), memory.slot(), settings.slot()),
          "Set outbox.relay.slot back, or give the relay with the other slot another"
              + " outbox.relay.name.");
    }
    if (!memory.server().systemIdentifier().equals(server.systemIdentifier())) {
      throw gap(
          settings,
          "The database is another system (%s) than the one the slot was made on (%s)"
              .formatted(server.systemIdentifier(), memory.server().systemIdentifier()));
    }
  }

  /**
   * The slot stands where the relay has confirmed it, or before: after a crash of the server it may
   * have gone back a little, which repeats events. By itself it never goes on.
   */
  static void requireNotAhead(RelaySettings settings, SlotStatus slot, Optional<Long> published) {
    if (published.isPresent()
        && Long.compareUnsigned(Objects.requireNonNull(slot.confirmedLsn()), published.get()) > 0) {
      throw gap(
          settings,
          "Replication slot '%s' was made anew or moved by somebody else: it stands at %s, and only up to %s is everything known to be published"
              .formatted(settings.slot(), slot.confirmedText(), SlotStatus.text(published.get())));
    }
  }

  static GapException gap(RelaySettings settings, String problem) {
    String remedy =
        switch (settings.onGap()) {
          case RECOVER ->
              "None needed: while it runs the relay makes a new slot by itself and publishes from"
                  + " table %s what is missing on the topics. 'init --accept-gap' gives those events up."
                      .formatted(settings.tableName());
          case REFUSE ->
              "Compare the rows of %s with the topics and publish what is missing. Then drop what is"
                      .formatted(settings.tableName())
                  + " wrong (an invalidated slot, a changed publication) and run 'init --accept-gap',"
                  + " which begins with the events committed from then on. With"
                  + " outbox.relay.on-gap=recover the relay does all that by itself.";
        };
    return new GapException(problem.endsWith(LOST) ? problem : problem + LOST, remedy);
  }
}
