package dev.outbox.relay.command;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlLog;
import dev.outbox.relay.control.ControlMessage;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.parking.ParkedTable;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.slot.SlotStatus;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Events set aside: what they are, why, and what is to become of them. */
@Command(
    name = "parked",
    mixinStandardHelpOptions = true,
    subcommands = {
      ParkedCommand.ListParked.class,
      ParkedCommand.Show.class,
      ParkedCommand.Retry.class,
      ParkedCommand.DiscardParked.class
    },
    description = "Looks after events that were set aside: list, show, retry, discard.")
final class ParkedCommand implements Runnable {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private static String describe(Listed event) {
    return "%s  %s/%s  %s  %s  attempts %d  since %s%n    %s: %s%s"
        .formatted(
            event.position(),
            event.aggregateType(),
            event.aggregateId(),
            event.id(),
            event.state(),
            event.attempts(),
            event.parkedAt(),
            event.stage(),
            event.reason(),
            event.note() == null ? "" : System.lineSeparator() + "    note: " + event.note());
  }

  /** {@code parked list}. */
  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists parked events in order of the log; never their payloads.")
  static final class ListParked extends OneShotCommand {

    @Option(names = "--all", description = "Released and discarded ones too.")
    private boolean all;

    @Option(names = "--limit", defaultValue = "100", description = "Most lines (${DEFAULT-VALUE}).")
    private int most;

    @Override
    Report execute(RelaySettings settings) {
      ParkedTable table = new ParkedTable(settings);
      List<Listed> events = new SourceDatabase(settings).call(sql -> table.list(sql, all, most));
      return new Report(
          events.isEmpty()
              ? "Nothing is parked."
              : events.stream()
                  .map(ParkedCommand::describe)
                  .collect(Collectors.joining(System.lineSeparator())),
          events);
    }
  }

  private static Listed find(SourceDatabase database, RelaySettings settings, String name) {
    ParkedTable table = new ParkedTable(settings);
    return database
        .call(sql -> table.find(sql, name))
        .orElseThrow(
            () ->
                new RelayException(
                    Stage.PARKING,
                    "No event with ID or position '%s' was ever parked by relay '%s'."
                        .formatted(name, settings.name()),
                    "See 'parked list --all'."));
  }

  /** {@code parked show}. */
  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Shows one parked event, without its payload.")
  static final class Show extends OneShotCommand {

    @Parameters(paramLabel = "EVENT", description = "Event ID or position.")
    private String event = "";

    @Override
    Report execute(RelaySettings settings) {
      Listed found = find(new SourceDatabase(settings), settings, event);
      return new Report(describe(found) + " payload bytes: " + found.payloadBytes(), found);
    }
  }

  /** Writes a command into the log and waits until the relay has carried it out. */
  abstract static class ThroughTheLog extends OneShotCommand {

    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    @Option(
        names = "--wait",
        defaultValue = "30s",
        converter = DurationConverter.class,
        description =
            "How long to wait for the relay to carry it out (${DEFAULT-VALUE}); 0s does not.")
    private Duration patience = Duration.ZERO;

    final boolean send(SourceDatabase database, RelaySettings settings, ControlMessage command) {
      long lsn = database.call(sql -> new ControlLog(settings.name()).write(sql, command));
      long deadline = System.nanoTime() + patience.toNanos();
      do {
        Optional<SlotStatus> slot = database.call(sql -> SlotStatus.read(sql, settings.slot()));
        @Nullable Long confirmed = slot.map(SlotStatus::confirmedLsn).orElse(null);
        if (confirmed != null && Long.compareUnsigned(confirmed, lsn) >= 0) {
          return true;
        }
        if (!patience.isZero() && !pause()) {
          return false;
        }
      } while (System.nanoTime() < deadline);
      return false;
    }

    private static boolean pause() {
      try {
        Thread.sleep(LOOK_EVERY.toMillis());
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    static String outcome(boolean done, String what) {
      return done
          ? what
          : "Written into the log; the relay has not reached it yet. See 'status' and 'parked list'.";
    }
  }

  /** {@code parked retry}. */
  @Command(
      name = "retry",
      mixinStandardHelpOptions = true,
      description = {
        "Publishes a key's parked events in order, and then lets the key flow.",
        "An event that is refused again stays parked, and those behind it."
      })
  static final class Retry extends ThroughTheLog {

    @Parameters(
        paramLabel = "KEY",
        arity = "0..1",
        description = "AGGREGATETYPE/AGGREGATEID, or the ID or position of one of its events.")
    private @Nullable String key;

    @Option(names = "--all", description = "Every key that has parked events.")
    private boolean all;

    @Override
    Report execute(RelaySettings settings) {
      SourceDatabase database = new SourceDatabase(settings);
      ParkedTable table = new ParkedTable(settings);
      List<ControlMessage.Release> releases =
          all
              ? database.call(sql -> table.holds(sql)).stream()
                  .map(one -> new ControlMessage.Release(one.aggregateType(), one.aggregateId()))
                  .toList()
              : List.of(release(database, settings));
      boolean done = true;
      for (ControlMessage.Release release : releases) {
        done &= send(database, settings, release);
      }
      int left = database.call(table::count);
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("keys", releases.size());
      figures.put("carriedOut", done);
      figures.put("stillParked", left);
      return new Report(
          outcome(
              done, "Retried %d key(s); still parked: %d events.".formatted(releases.size(), left)),
          figures);
    }

    private ControlMessage.Release release(SourceDatabase database, RelaySettings settings) {
      if (key == null) {
        throw new RelayException(
            Stage.PARKING, "No key was given.", "Write AGGREGATETYPE/AGGREGATEID, or --all.");
      }
      int slash = key.indexOf('/');
      if (slash > 0) {
        return new ControlMessage.Release(key.substring(0, slash), key.substring(slash + 1));
      }
      Listed event = find(database, settings, key);
      if (event.aggregateType() == null || event.aggregateId() == null) {
        throw new RelayException(
            Stage.PARKING,
            "Event %s has no key: %s".formatted(key, event.reason()),
            "It can only be discarded.");
      }
      return new ControlMessage.Release(event.aggregateType(), event.aggregateId());
    }
  }

  /** {@code parked discard}. */
  @Command(
      name = "discard",
      mixinStandardHelpOptions = true,
      description = {
        "Gives a parked event up for good; the reason is recorded beside it.",
        "Later events of its key stay parked until 'parked retry'."
      })
  static final class DiscardParked extends ThroughTheLog {

    @Parameters(paramLabel = "EVENT", description = "Event ID or position.")
    private String event = "";

    @Option(names = "--reason", required = true, description = "Why; recorded.")
    private String reason = "";

    @Override
    Report execute(RelaySettings settings) {
      if (reason.isBlank()) {
        throw new RelayException(
            Stage.PARKING, "--reason is empty.", "Say why the event is given up.");
      }
      SourceDatabase database = new SourceDatabase(settings);
      Listed found = find(database, settings, event);
      if (!found.state().equals("parked")) {
        throw new RelayException(
            Stage.PARKING,
            "Event %s is %s already.".formatted(event, found.state()),
            "None needed.");
      }
      boolean done = send(database, settings, new ControlMessage.Discard(found.position(), reason));
      int behind =
          database.call(
              sql ->
                  new ParkedTable(settings).count(sql, found.aggregateType(), found.aggregateId()));
      Map<String, Object> figures = new LinkedHashMap<>();
      figures.put("position", found.position());
      figures.put("carriedOut", done);
      figures.put("stillParkedOfItsKey", behind);
      return new Report(
          outcome(
              done,
              behind == 0
                  ? "Discarded; the key flows."
                  : "Discarded; %d event(s) of its key wait for 'parked retry'.".formatted(behind)),
          figures);
    }
  }
}
