package dev.outbox.relay.command;

import dev.outbox.relay.Resharding;
import dev.outbox.relay.command.RelayCommand.SpringArguments;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.log.MaskedLog;
import dev.outbox.relay.operations.ProgressListener;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** A command that does one thing, prints what it did and ends. */
abstract class OneShotCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = Answer.OPTION, description = "Print JSON for programs.")
  private boolean json;

  @Unmatched private List<String> arguments = new ArrayList<>();

  private @Nullable ProgressDisplay progress;

  @Override
  public final Integer call() throws InterruptedException {
    SpringArguments.require(spec, arguments);
    PrintWriter out = out();
    // Whatever logs, logs beside the answer.
    System.setOut(System.err);
    try (ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Nothing.class)
            .web(WebApplicationType.NONE)
            .bannerMode(Banner.Mode.OFF)
            .logStartupInfo(false)
            .run(arguments.toArray(String[]::new))) {
      RelaySettings settings = SettingsLoader.load(context.getEnvironment());
      MaskedLog.keepOut(new ShownSettings(settings));
      Report report = executeAndTell(goesByDivision() ? Resharding.asDivided(settings) : settings);
      if (report != Report.GIVEN) {
        out.println(json ? Answer.of(report.forPrograms()) : report.forPeople());
      }
      return report.exitCode();
    }
  }

  private Report executeAndTell(RelaySettings settings) throws InterruptedException {
    try {
      return execute(settings);
    } finally {
      ProgressDisplay shown = progress;
      if (shown != null) {
        shown.close();
      }
    }
  }

  /** Whether it works with the shards that there are, whichever number the settings say. */
  boolean goesByDivision() {
    return true;
  }

  /** Does it. */
  abstract Report execute(RelaySettings settings) throws InterruptedException;

  /** Tells people how far the command is; the output for programs stays clean of it. */
  final ProgressListener progress() {
    ProgressDisplay display = ProgressDisplay.on(spec.commandLine().getErr());
    progress = display;
    return display;
  }

  /** For the answer, and nothing else. */
  final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Whether programs are to read the answer. */
  final boolean json() {
    return json;
  }

  /** The options do not go together. */
  final ParameterException misused(@Nullable String reason) {
    return new ParameterException(spec.commandLine(), String.valueOf(reason));
  }

  /**
   * What the command has to say.
   *
   * @param forPeople text
   * @param forPrograms whatever becomes JSON
   * @param exitCode the process ends with it
   */
  record Report(String forPeople, Object forPrograms, int exitCode) {

    /** All has been said already, and it went well. */
    static final Report GIVEN = new Report("", "");

    /** It went well. */
    Report(String forPeople, Object forPrograms) {
      this(forPeople, forPrograms, ExitCode.OK);
    }
  }

  /** The context only brings the environment: no bean, no auto-configuration. */
  @Configuration(proxyBeanMethods = false)
  static class Nothing {}
}
