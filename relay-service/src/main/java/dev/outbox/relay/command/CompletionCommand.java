package dev.outbox.relay.command;

import dev.outbox.relay.command.RelayCommand.SpringArguments;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** Prints what a shell needs to complete this command line. Needs no settings. */
@Command(
    name = "completion",
    mixinStandardHelpOptions = true,
    description = {
      "Prints a script by which bash or zsh completes commands and options.",
      "The command line must be called by one word: deploy/relay on the PATH, or an alias."
    },
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  source <(relay completion bash)",
      "  relay completion bash > /etc/bash_completion.d/relay",
      "  relay completion zsh > ~/.relay-completion",
      "  relay completion bash --name=outbox-relay"
    })
final class CompletionCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}.")
  private Shell shell = Shell.bash;

  @Option(
      names = "--name",
      paramLabel = "WORD",
      defaultValue = "relay",
      description = "The word that calls the command line (${DEFAULT-VALUE}).")
  private String name = "";

  @Option(names = Answer.OPTION, description = "Print JSON for programs.")
  private boolean json;

  @Unmatched private List<String> arguments = new ArrayList<>();

  /** The shells that are known, as people write them. */
  enum Shell {
    bash,
    zsh
  }

  @Override
  public Integer call() {
    SpringArguments.require(spec, arguments);
    // The script serves both: it has zsh speak bash's language of completion.
    String script = AutoComplete.bash(name, new CommandLine(new RelayCommand()));
    spec.commandLine()
        .getOut()
        .println(
            json
                ? Answer.of(
                    Map.of("shell", shell.name().toLowerCase(Locale.ROOT), "script", script))
                : script);
    return ExitCode.OK;
  }
}
