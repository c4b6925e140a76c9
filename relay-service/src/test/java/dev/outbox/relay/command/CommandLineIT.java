package dev.outbox.relay.command;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.KafkaServer;
import dev.outbox.local.LocalPostgres;
import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.support.CommandRun;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.PseudoTerminal;
import dev.outbox.relay.support.RelayProcess;
import dev.outbox.relay.support.TestSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The packaged command line in front of people, of logs and of programs. */
@WithLocalStack
@Tag("slow")
class CommandLineIT {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final String FIRST_LINE =
      """
      "$@" 2>/dev/null | head -n 1
      echo ${PIPESTATUS[0]}
      """;

  @TempDir private Path directory;
  @AutoClose private OutboxDatabase database;
  private KafkaServer kafka;
  private Map<String, String> properties;

  @BeforeEach
  void createDatabase(PostgresServer postgres, KafkaServer broker) {
    kafka = broker;
    database = OutboxDatabase.create(postgres);
    properties = TestSettings.properties(database, kafka.bootstrapServers(), Map.of());
  }

  @Test
  void everyCommandAnswersJsonAlsoWhenItFails() {
    assertThat(CommandRun.of(properties, "init").exitCode()).isZero();
    for (CommandLine line : CommandModelTest.all(RelayCommand.line()).toList()) {
      CommandSpec spec = line.getCommandSpec();
      // Given as little as the command accepts
      List<String> command = new ArrayList<>(List.of(spec.qualifiedName().split(" ")));
      command.remove(0);
      boolean aboutNothing = spec.positionalParameters().stream().anyMatch(p -> p.required());
      boolean group = !spec.subcommands().isEmpty() || command.equals(List.of("run"));
      if (aboutNothing) {
        command.add(command.contains("completion") ? "bash" : "no-such-event");
      }
      command.add("--json");
      if (command.contains("audit")) {
        // No relay runs that it could wait for.
        command.add("--wait=0s");
      }
      CommandRun run = CommandRun.of(properties, command.toArray(String[]::new));
      JsonNode answer = JSON.readTree(run.out());
      assertThat(answer.isObject() || answer.isArray()).as("%s: %s", command, run).isTrue();
      if (run.exitCode() != 0) {
        assertIsFailure(answer, run);
      }
      assertThat(run.exitCode())
          .as("%s: %s", command, run)
          .isEqualTo(
              group || List.of("replay", "discard", "retry").contains(spec.name())
                  ? 2
                  : command.contains("no-such-event") ? 1 : 0);
    }
  }

  private static void assertIsFailure(JsonNode answer, CommandRun run) {
    for (String name : List.of("problem", "remedy", "stage")) {
      assertThat(answer.path(name).asString("")).as("%s of %s", name, run).isNotBlank();
    }
    assertThat(answer.path("exitCode").asInt()).isEqualTo(run.exitCode()).isNotZero();
  }

  @Test
  void aDatabaseThatIsAwayAndWrongSettingsAreToldInJson() {
    Map<String, String> away =
        TestSettings.properties(
            database,
            kafka.bootstrapServers(),
            Map.of("database.url", "jdbc:postgresql://localhost:1/none"));
    for (String command : List.of("init", "status", "audit")) {
      CommandRun run = CommandRun.of(away, command, "--json");
      JsonNode answer = JSON.readTree(run.out());
      assertIsFailure(answer, run);
      assertThat(answer.path("problem").asString()).contains("cannot be reached");
      assertThat(answer.path("stage").asString()).isEqualTo("PREFLIGHT");
      assertThat(run.exitCode()).isEqualTo(1);
    }
    CommandRun wrong = CommandRun.of(Map.of(), "status", "--json");
    assertIsFailure(JSON.readTree(wrong.out()), wrong);
    assertThat(JSON.readTree(wrong.out()).path("settings").toString())
        .contains("outbox.relay.database.url");
    // People read it on standard error
    CommandRun forPeople = CommandRun.of(away, "status");
    assertThat(forPeople.out()).isEmpty();
    assertThat(forPeople.err()).contains("cannot be reached").contains("Remedy:");
  }

  @Test
  void aWatchOnATerminalStaysInItsPlaceAndLivesThroughALossOfTheDatabase() {
    try (LocalPostgres server = LocalPostgres.builder().dataDirectory(directory).start()) {
      OutboxDatabase own = OutboxDatabase.create(server);
      Map<String, String> settings =
          TestSettings.properties(own, kafka.bootstrapServers(), Map.of());
      assertThat(CommandRun.of(settings, "init").exitCode()).isZero();
      try (PseudoTerminal terminal =
          PseudoTerminal.start(
              CommandRun.arguments(settings, "status", "--watch", "--every=200ms"))) {
        // Then it is drawn from the same corner again and again
        terminal.awaitSent("confirmedLsn");
        await()
            .atMost(PATIENCE)
            .until(() -> terminal.sent().split("\\Q" + Terminal.HOME + "\\E", -1).length > 4);
        // And goes on while the database is away
        server.stop();
        terminal.awaitSent("NOT KNOWN");
        terminal.awaitSent("as it was at");
        int whileAway = terminal.sent().length();
        server.start();
        await()
            .atMost(PATIENCE)
            .until(
                () -> {
                  String since = terminal.sent().substring(whileAway);
                  String frame = since.substring(since.lastIndexOf(Terminal.HOME));
                  return frame.contains("confirmedLsn") && !frame.contains("NOT KNOWN");
                });
        // And Ctrl-C gives the terminal back, with the last look, and is no failure
        terminal.interrupt();
        assertThat(terminal.awaitExit()).isZero();
        String sent = terminal.sent();
        assertThat(sent).containsOnlyOnce(Terminal.OTHER_SCREEN);
        assertThat(sent).containsOnlyOnce(Terminal.FORMER_SCREEN);
        assertThat(sent.indexOf(Terminal.FORMER_SCREEN))
            .isGreaterThan(sent.lastIndexOf(Terminal.HOME));
        assertThat(sent.substring(sent.indexOf(Terminal.FORMER_SCREEN))).contains("confirmedLsn");
        // And nothing was erased before it was drawn anew
        String drawn = sent.substring(sent.indexOf(Terminal.HOME) + Terminal.HOME.length());
        assertThat(drawn).doesNotContain("\u001b[2J").doesNotContain(Terminal.HOME + "\u001b[J");
        assertThat(sent).doesNotContain("\tat ");
      }
    }
  }

  @Test
  void aWatchWithoutATerminalWritesALineForEachLook() {
    assertThat(CommandRun.of(properties, "init").exitCode()).isZero();
    try (ChildProcess watch = watch()) {
      String fine = "\\S+Z ok, no relay reads, confirmed [0-9A-F/]+, .*";
      awaitThree(watch, line -> line.matches(fine));
      assertThat(watch.terminate()).isZero();
      assertThat(watch.output().lines()).allMatch(line -> line.matches("\\S+Z .*"));
    }
    try (ChildProcess watch = watch("--json")) {
      awaitThree(watch, line -> JSON.readTree(line).path("level").asString().equals("ok"));
      assertThat(watch.terminate()).isZero();
      assertThat(watch.output().lines())
          .allMatch(line -> JSON.readTree(line).path("time").asString().endsWith("Z"));
    }
  }

  /** Where the server is slow to answer, a look that fails is a line too. */
  private static void awaitThree(ChildProcess watch, Predicate<String> fine) {
    await()
        .atMost(PATIENCE)
        .until(
            () -> {
              String output = watch.output();
              // The last line may be half written
              String whole = output.substring(0, output.lastIndexOf('\n') + 1);
              return whole.lines().filter(fine).count() >= 3;
            });
  }

  private ChildProcess watch(String... more) {
    // The JVM itself may have something to say on standard error
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", "exec \"$@\" 2>/dev/null", "bash"));
    command.addAll(CommandRun.arguments(properties, "status", "--watch", "--every=200ms"));
    command.addAll(List.of(more));
    return ChildProcess.start(command, Map.of(), "TERM", directory.resolve("watch" + more.length));
  }

  @Test
  void aWatchEndsWhenNobodyReadsItAnyMore() {
    assertThat(CommandRun.of(properties, "init").exitCode()).isZero();
    List<String> pipe = new ArrayList<>(List.of("bash", "-c", FIRST_LINE, "bash"));
    pipe.addAll(CommandRun.arguments(properties, "status", "--watch", "--every=100ms", "--json"));
    try (ChildProcess head =
        ChildProcess.start(pipe, Map.of(), "TERM", directory.resolve("pipe"))) {
      assertThat(head.awaitExit(PATIENCE)).isZero();
      assertThat(head.output().lines()).hasSize(2).endsWith("0");
    }
  }

  @Test
  void aTerminalGetsABarAndTheAnswerStaysClean() throws Exception {
    assertThat(CommandRun.of(properties, "init").exitCode()).isZero();
    database.insert("Order", "1", "x");
    // Given nobody who carries out what is waited for
    Path answer = directory.resolve("answer");
    List<String> command = CommandRun.arguments(properties, "audit", "--wait=2s", "--json");
    try (PseudoTerminal terminal = PseudoTerminal.start(command, answer)) {
      assertThat(terminal.awaitExit()).isZero();
      assertThat(terminal.sent())
          .contains(Terminal.ERASE_LINE)
          .contains("Waiting for the relay [")
          .contains("no relay reads from it");
    }
    assertThat(JSON.readTree(Files.readString(answer)).path("pending").asInt()).isEqualTo(1);
    // And elsewhere a line
    CommandRun run = CommandRun.of(properties, "audit", "--wait=4s");
    assertThat(run.err()).contains("Waiting for the relay: 0 of ").doesNotContain("\u001b");
    assertThat(run.out()).doesNotContain("Waiting").contains("pending");
  }

  @Test
  void aReplayShowsItsRows() {
    assertThat(CommandRun.of(properties, "init").exitCode()).isZero();
    for (int i = 0; i < 3; i++) {
      database.insert("Order", "1", "x");
    }
    try (PseudoTerminal terminal =
        PseudoTerminal.start(
            CommandRun.arguments(
                properties, "replay", "--type=Order", "--by=alice", "--reason=ticket 7"))) {
      terminal.awaitSent("Replaying [..............................] 0 %, 0 of 3 rows");
      try (RelayProcess relay = RelayProcess.run(properties)) {
        terminal.awaitSent("Rows replayed: 3.");
        assertThat(terminal.awaitExit()).isZero();
        assertThat(terminal.sent()).contains("[##############################] 100 %, 3 of 3 rows");
        // And the relay's log tells who had it done, and why
        await()
            .atMost(PATIENCE)
            .until(
                () ->
                    relay.process().output().contains("by=\"alice\"")
                        && relay.process().output().contains("why=\"ticket 7\""));
      }
    }
  }
}
