package dev.outbox.relay.slot;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.RelaySettings.OnGap;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.DatabaseFailures;
import dev.outbox.relay.failure.GapException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.slot.RelayRecord.Memory;
import dev.outbox.relay.slot.RelayRecord.Server;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Looks for everything that {@link Preflight} would refuse, before there is a run: all of it and
 * not only the first, each with the setting that names it. Changes nothing, and remembers no gap.
 */
public final class Surroundings {

  private static final String URL = "database.url";
  private static final String USERNAME = "database.username";

  private final SourceDatabase database;
  private final RelaySettings settings;
  private final RelayRecord record;
  private final ParkedTable parked;
  private final List<Finding> findings = new ArrayList<>();

  private Surroundings(SourceDatabase database, RelaySettings settings) {
    this.database = database;
    this.settings = settings;
    this.record = new RelayRecord(settings);
    this.parked = new ParkedTable(settings);
  }

  /**
   * Something that a run would not do without.
   *
   * @param setting the setting that names it, without the common prefix
   * @param problem what is wrong, and the remedy
   */
  public record Finding(String setting, RelayException problem) {}

  /** What is not in place; what a relay with these settings makes by itself does not count. */
  public static List<Finding> findings(SourceDatabase database, RelaySettings settings) {
    Surroundings surroundings = new Surroundings(database, settings);
    surroundings.look();
    return List.copyOf(surroundings.findings);
  }

  private void look() {
    try {
      boolean unused =
          database.call(
              sql -> {
                look(sql);
                return true;
              });
    } catch (RelayException e) {
      findings.add(new Finding(setting(e), e));
    }
  }

  /** PostgreSQL does not tell an unknown role from a wrong password. */
  private static String setting(RelayException failure) {
    return switch (DatabaseFailures.stateOf(failure)) {
      case "28P01" -> "database.password";
      case "28000", "42501" -> USERNAME;
      default -> URL;
    };
  }

  private void look(JdbcClient sql) {
    require(URL, () -> ServerRequirements.requireServer(sql, settings.shard()));
    require(USERNAME, () -> ServerRequirements.requireReplicationRole(sql));
    require("table", () -> OutboxTable.require(sql, settings.tableName()));
    require("shards", () -> new ShardRecord(settings).requireSameShards(sql));
    Optional<Memory> memory = record.read(sql);
    if (memory.isPresent() && parked.exists(sql)) {
      look(sql, memory.get());
    } else if (!settings.autoInit()) {
      String missing =
          memory.isEmpty() ? "replication slot " + settings.slot() : "table " + parked.name();
      findings.add(new Finding("auto-init", Initialization.notInitialized(settings, missing)));
    }
  }

  private void look(JdbcClient sql, Memory memory) {
    require("slot", () -> lookAtSlot(sql, memory));
    require("publication", () -> new Publication(settings).require(sql, memory.publication()));
    require(USERNAME, () -> Preflight.requireWritable(sql, settings, record, parked));
  }

  private void lookAtSlot(JdbcClient sql, Memory memory) {
    SlotCheck.requireSameServer(settings, memory, Server.current(sql));
    SlotStatus slot =
        SlotStatus.read(sql, settings.slot()).orElseThrow(() -> SlotCheck.missing(settings));
    SlotCheck.require(settings, slot);
  }

  private void require(String setting, Runnable check) {
    try {
      check.run();
    } catch (GapException gap) {
      if (settings.onGap() == OnGap.REFUSE) {
        findings.add(new Finding(setting, gap));
      }
    } catch (RelayException e) {
      findings.add(new Finding(setting, e));
    }
  }
}
