package dev.outbox.relay.command;

import dev.outbox.relay.Installation;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.slot.Initialization.Step;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prepares the source database. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Makes publication, replication slot and the relay's own tables where they are missing.",
      "Running it again changes nothing."
    },
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  relay init",
      "  relay init --without-slot --outbox.relay.database.username=owner",
      "  relay init --accept-gap"
    })
final class InitCommand extends OneShotCommand {

  @ArgGroup private final Scope scope = new Scope();

  /** One of these, or none. */
  private static final class Scope {

    @Option(
        names = "--accept-gap",
        description = {
          "Make a new slot although the former one is gone.",
          "Events committed in between are not published."
        })
    private boolean acceptGap;

    @Option(
        names = "--without-slot",
        description = {
          "Make all but the slot, as a role that owns the outbox table and may not replicate.",
          "'init' or 'run' with auto-init then makes the slot, with the relay's own role."
        })
    private boolean withoutSlot;
  }

  /** It lays the number down. */
  @Override
  boolean goesByDivision() {
    return false;
  }

  @Override
  Report execute(RelaySettings settings) {
    Installation installation = new Installation(settings);
    List<Step> steps =
        scope.withoutSlot ? installation.runWithoutSlot() : installation.run(scope.acceptGap);
    return new Report(
        steps.stream()
            .map(step -> step.thing() + ": " + step.outcome())
            .collect(Collectors.joining(System.lineSeparator())),
        steps);
  }
}
