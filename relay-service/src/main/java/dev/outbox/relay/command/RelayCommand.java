package dev.outbox.relay.command;

import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.web.RelayLaunch;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** The command line: {@code run} when no command is given, or one that does its work and ends. */
@Command(
    name = "relay",
    mixinStandardHelpOptions = true,
    versionProvider = RelayVersion.class,
    subcommands = {
      RelayCommand.Run.class,
      InitCommand.class,
      StatusCommand.class,
      ShardsCommand.class,
      ParkedCommand.class,
      AuditCommand.class,
      ReplayCommand.class,
      CompletionCommand.class
    },
    description = "Publishes committed outbox rows from PostgreSQL's write-ahead log to Kafka.",
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  relay",
      "  relay status --outbox.relay.database.url=jdbc:postgresql://host:5432/orders",
      "  relay audit --help",
      "",
      "'relay' stands for 'bash deploy/relay' or 'java -jar relay-service.jar'.",
      "Settings come from the environment (OUTBOX_RELAY_DATABASE_URL), from application.yaml or",
      "from arguments (--outbox.relay.database.url=jdbc:postgresql://host:5432/orders).",
      "Without a command the relay runs."
    })
public final class RelayCommand implements Runnable {

  static final String EXAMPLES = "%nExamples:%n";

  @Spec private CommandSpec spec = CommandSpec.create();
  @Unmatched private List<String> arguments = new ArrayList<>();

  /** Runs what the arguments say and ends the process, unless it is the relay that now runs. */
  public static void execute(String[] arguments) {
    CommandLine line = line();
    int exitCode = line.execute(arguments);
    if (exitCode != CommandLine.ExitCode.OK || !isRun(line.getParseResult())) {
      System.exit(exitCode);
    }
  }

  static CommandLine line() {
    CommandLine line =
        new CommandLine(new RelayCommand())
            .setOut(new PrintWriter(System.out, true))
            .setErr(new PrintWriter(System.err, true))
            .setExecutionExceptionHandler(RelayCommand::report)
            .setCaseInsensitiveEnumValuesAllowed(true);
    IParameterExceptionHandler forPeople = line.getParameterExceptionHandler();
    return line.setParameterExceptionHandler(
        (misuse, arguments) ->
            List.of(arguments).contains(Answer.OPTION)
                ? answer(misuse)
                : forPeople.handleParseException(misuse, arguments));
  }

  private static int answer(ParameterException misuse) {
    CommandLine line = misuse.getCommandLine();
    print(
        line,
        Answer.failure(
            "ARGUMENTS",
            String.valueOf(misuse.getMessage()),
            "See '%s --help'.".formatted(line.getCommandSpec().qualifiedName())),
        CommandLine.ExitCode.USAGE);
    return CommandLine.ExitCode.USAGE;
  }

  private static void print(CommandLine line, Map<String, Object> failure, int exitCode) {
    failure.put("exitCode", exitCode);
    line.getOut().println(Answer.of(failure));
  }

  private static boolean isRun(CommandLine.ParseResult parsed) {
    CommandLine.ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    return !command.isUsageHelpRequested()
        && !command.isVersionHelpRequested()
        && (!parsed.hasSubcommand() || command.commandSpec().userObject() instanceof Run);
  }

  /** Failures that tell a remedy need no stack trace; Spring Boot has reported its own already. */
  private static int report(Exception failure, CommandLine line, CommandLine.ParseResult parsed) {
    boolean known =
        failure instanceof RelayException || failure instanceof InvalidSettingsException;
    if (parsed.expandedArgs().contains(Answer.OPTION)) {
      print(line, Answer.failure(failure), CommandLine.ExitCode.SOFTWARE);
      if (!known) {
        failure.printStackTrace(line.getErr());
      }
    } else if (known) {
      line.getErr().println(failure.getMessage());
    } else if (!(failure instanceof ReportedException)) {
      failure.printStackTrace(line.getErr());
    }
    return CommandLine.ExitCode.SOFTWARE;
  }

  @Override
  public void run() {
    startRelay(spec, arguments);
  }

  private static void startRelay(CommandSpec spec, List<String> arguments) {
    SpringArguments.require(spec, arguments);
    try {
      new RelayLaunch(arguments).start();
    } catch (RuntimeException e) {
      throw new ReportedException(e);
    }
  }

  /** Spring Boot's failure analysis has been printed. */
  private static final class ReportedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ReportedException(Throwable cause) {
      super(cause);
    }
  }

  /** {@code run} spelled out. */
  @Command(
      name = "run",
      mixinStandardHelpOptions = true,
      description = "Relays events until stopped (the default).",
      footerHeading = RelayCommand.EXAMPLES,
      footer = {"  relay run", "  relay run --outbox.relay.engine=pgoutput --server.port=8082"})
  static final class Run implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();
    @Unmatched private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      startRelay(spec, arguments);
    }
  }

  /** Arguments that are settings, {@code --outbox.relay.name=orders}, are Spring's to read. */
  static final class SpringArguments {
    private SpringArguments() {}

    static void require(CommandSpec spec, List<String> arguments) {
      for (String argument : arguments) {
        if (!argument.startsWith("--") || !argument.contains("=")) {
          throw new ParameterException(
              spec.commandLine(),
              "Unknown command or option '%s'. Commands: %s; settings are written"
                      .formatted(
                          argument,
                          String.join(
                              ", ",
                              (spec.subcommands().isEmpty() ? spec.root() : spec)
                                  .subcommands()
                                  .keySet()))
                  + " --outbox.relay.name=value.");
        }
      }
    }
  }
}
