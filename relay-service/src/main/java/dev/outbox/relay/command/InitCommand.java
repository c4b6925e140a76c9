package dev.outbox.relay.command;

import dev.outbox.relay.Installation;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.slot.Initialization.Step;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Prepares the source database. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description = {
      "Makes publication, replication slot and the relay's own table where they are missing.",
      "Running it again changes nothing."
    },
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  relay init",
      "  relay init --outbox.relay.database.username=owner",
      "  relay init --accept-gap"
    })
final class InitCommand extends OneShotCommand {

  @Option(
      names = "--accept-gap",
      description = {
        "Make a new slot although the former one is gone.",
        "Events committed in between are not published."
      })
  private boolean acceptGap;

  @Override
  Report execute(RelaySettings settings) {
    List<Step> steps = new Installation(settings).run(acceptGap);
    return new Report(
        steps.stream()
            .map(step -> step.thing() + ": " + step.outcome())
            .collect(Collectors.joining(System.lineSeparator())),
        steps);
  }
}
