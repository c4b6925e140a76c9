package dev.outbox.relay.command;

import dev.outbox.relay.command.RelayCommand.SpringArguments;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.SettingsLoader;
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
import tools.jackson.databind.json.JsonMapper;

/** A command that does one thing, prints what it did and ends. */
abstract class OneShotCommand implements Callable<Integer> {

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print JSON for programs.")
  private boolean json;

  @Unmatched private List<String> arguments = new ArrayList<>();

  @Override
  public final Integer call() throws InterruptedException {
    SpringArguments.require(spec, arguments);
    try (ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Nothing.class)
            .web(WebApplicationType.NONE)
            .bannerMode(Banner.Mode.OFF)
            .logStartupInfo(false)
            .run(arguments.toArray(String[]::new))) {
      RelaySettings settings = SettingsLoader.load(context.getEnvironment());
      Report report = execute(settings);
      spec.commandLine()
          .getOut()
          .println(
              json
                  ? JsonMapper.builder().build().writeValueAsString(report.forPrograms())
                  : report.forPeople());
      return report.exitCode();
    }
  }

  /** Does it. */
  abstract Report execute(RelaySettings settings) throws InterruptedException;

  /** Tells people how far the command is; the output for programs stays clean of it. */
  final void say(String progress) {
    spec.commandLine().getErr().println(progress);
    spec.commandLine().getErr().flush();
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

    /** It went well. */
    Report(String forPeople, Object forPrograms) {
      this(forPeople, forPrograms, ExitCode.OK);
    }
  }

  /** The context only brings the environment: no bean, no auto-configuration. */
  @Configuration(proxyBeanMethods = false)
  static class Nothing {}
}
