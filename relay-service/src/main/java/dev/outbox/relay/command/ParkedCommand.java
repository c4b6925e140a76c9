package dev.outbox.relay.command;

import dev.outbox.relay.command.RelayCommand.SpringArguments;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.Attribution;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.ParkedEvents;
import dev.outbox.relay.operations.ParkedEvents.Discarded;
import dev.outbox.relay.operations.ParkedEvents.Retried;
import dev.outbox.relay.parking.ParkedTable.Listed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

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
    description = "Looks after events that were set aside: list, show, retry, discard.",
    footerHeading = RelayCommand.EXAMPLES,
    footer = {"  relay parked list", "  relay parked retry Order/42"})
final class ParkedCommand implements Runnable {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public void run() {
    SpringArguments.require(spec, arguments);
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
      description = "Lists parked events in order of the log; never their payloads.",
      footerHeading = RelayCommand.EXAMPLES,
      footer = {"  relay parked list", "  relay parked list --all --limit=1000 --json"})
  static final class ListParked extends AboutParked {

    @Option(names = "--all", description = "Released and discarded ones too.")
    private boolean all;

    @Option(names = "--limit", defaultValue = "100", description = "Most lines (${DEFAULT-VALUE}).")
    private int most;

    @Override
    Report execute(RelaySettings settings) {
      List<Listed> events = parked(settings).list(all, most);
      return new Report(
          events.isEmpty()
              ? "Nothing is parked."
              : events.stream()
                  .map(ParkedCommand::describe)
                  .collect(Collectors.joining(System.lineSeparator())),
          events);
    }
  }

  /** {@code parked show}. */
  @Command(
      name = "show",
      mixinStandardHelpOptions = true,
      description = "Shows one parked event, without its payload.",
      footerHeading = RelayCommand.EXAMPLES,
      footer = {"  relay parked show 0197a000-0000-7000-8000-000000000001"})
  static final class Show extends AboutParked {

    @Parameters(paramLabel = "EVENT", description = "Event ID or position.")
    private String event = "";

    @Override
    Report execute(RelaySettings settings) {
      Listed found = parked(settings).find(event);
      return new Report(describe(found) + " payload bytes: " + found.payloadBytes(), found);
    }
  }

  /** A command about parked events. */
  abstract static class AboutParked extends OneShotCommand {
    final ParkedEvents parked(RelaySettings settings) {
      return new ParkedEvents(new SourceDatabase(settings), settings, progress());
    }
  }

  /** Writes a command into the log and waits until the relay has carried it out. */
  abstract static class ThroughTheLog extends AboutParked {

    @Option(
        names = "--wait",
        defaultValue = "30s",
        converter = DurationConverter.class,
        description =
            "How long to wait for the relay to carry it out (${DEFAULT-VALUE}); 0s does not.")
    private Duration patience = Duration.ZERO;

    @Mixin private Asking asking = new Asking();

    final Duration patience() {
      return patience;
    }

    final Attribution asked() {
      return asking.attribution();
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
      },
      footerHeading = RelayCommand.EXAMPLES,
      footer = {
        "  relay parked retry Order/42",
        "  relay parked retry --all --wait=5m --reason=\"topic enlarged\""
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
    Report execute(RelaySettings settings) throws InterruptedException {
      Retried retried = retry(parked(settings));
      return new Report(
          outcome(
              retried.carriedOut(),
              "Retried %d key(s); still parked: %d events."
                  .formatted(retried.keys(), retried.stillParked())),
          retried);
    }

    private Retried retry(ParkedEvents parked) throws InterruptedException {
      if (all) {
        return parked.retryAll(asked(), patience());
      }
      if (key == null) {
        throw misused("No key was given: write AGGREGATETYPE/AGGREGATEID, or --all.");
      }
      return parked.retry(key, asked(), patience());
    }
  }

  /** {@code parked discard}. */
  @Command(
      name = "discard",
      mixinStandardHelpOptions = true,
      description = {
        "Gives a parked event up for good; the reason is recorded beside it.",
        "Later events of its key stay parked until 'parked retry'."
      },
      footerHeading = RelayCommand.EXAMPLES,
      footer = {
        "  relay parked discard 0197a000-0000-7000-8000-000000000001 --reason=\"test order\""
      })
  static final class DiscardParked extends ThroughTheLog {

    @Parameters(paramLabel = "EVENT", description = "Event ID or position.")
    private String event = "";

    @Override
    Report execute(RelaySettings settings) throws InterruptedException {
      if (asked().reason().isBlank()) {
        throw misused("Say with --reason why the event is given up.");
      }
      Discarded discarded = parked(settings).discard(event, asked(), patience());
      int behind = discarded.stillParkedOfItsKey();
      return new Report(
          outcome(
              discarded.carriedOut(),
              behind == 0
                  ? "Discarded; the key flows."
                  : "Discarded; %d event(s) of its key wait for 'parked retry'.".formatted(behind)),
          discarded);
    }
  }
}
