package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;

/** Rules that a slot must keep before an event is read from it, and while events are. */
final class SlotCheck {

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
    if (slot.invalidationReason() != null || slot.confirmedLsn() == null) {
      throw gap(
          settings,
          "Replication slot '%s' is invalidated (%s)"
              .formatted(settings.slot(), slot.invalidationReason()));
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

  static GapException gap(RelaySettings settings, String problem) {
    return new GapException(
        problem + ": events may have been committed that it no longer holds.",
        "Compare the rows of %s with the topics and publish what is missing. Then drop what is wrong"
                .formatted(settings.tableName())
            + " (an invalidated slot, a changed publication) and run 'init --accept-gap', which begins"
            + " with the events committed from then on.");
  }
}
