package dev.outbox.relay.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.outbox.relay.support.PseudoTerminal;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The completion script in the shells themselves. */
class CompletionTest {

  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "relay pa, parked",
    "relay parked re, retry",
    "relay status --wa, --watch",
    "relay parked discard --rea, --reason",
    "relay completion z, zsh",
  })
  void bashCompletesCommandsAndOptions(String typed, String completed) throws Exception {
    assertThat(bash("relay", typed)).contains(completed);
  }

  @Test
  void bashOffersEveryCommand() throws Exception {
    assertThat(bash("relay", "relay "))
        .contains("run", "init", "status", "parked", "audit", "replay", "completion");
  }

  @Test
  void anotherWordMayCallTheCommandLine() throws Exception {
    assertThat(bash("outbox-relay", "outbox-relay au")).containsExactly("audit");
  }

  @ParameterizedTest
  @CsvSource({"bash, --norc", "zsh, -f"})
  void aPersonAtTheShellPressesTab(String shell, String option) throws Exception {
    assumeTrue(
        Files.isExecutable(Path.of("/usr/bin", shell)), () -> "There is no " + shell + " here");
    try (PseudoTerminal terminal = PseudoTerminal.start(List.of(shell, option, "-i"))) {
      terminal.type("source '%s'; echo rea''dy\n".formatted(script(shell, "relay")));
      terminal.awaitSent("ready");
      terminal.type("relay parked disc\t");
      // To the beginning of the line, so that the shell itself shows what now stands there
      terminal.type("\u0001echo got: \n");
      terminal.awaitSent("got: relay parked discard");
    }
  }

  /** What pressing the tab key offers. */
  private List<String> bash(String word, String typed) throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "There is no bash");
    String answer =
        run(
            "bash",
            "--norc",
            "-c",
            """
            source "$1"
            registered=$(complete -p "$2") || exit 1
            function=${registered#*-F }
            COMP_LINE=$3 COMP_POINT=${#3}
            read -ra COMP_WORDS <<<"$3"
            [[ $3 != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            "${function%% *}"
            printf '%s\\n' "${COMPREPLY[@]}"
            """,
            "bash",
            script("bash", word).toString(),
            word,
            typed);
    return answer.lines().map(String::strip).toList();
  }

  private Path script(String shell, String word) throws IOException {
    StringWriter script = new StringWriter();
    int exitCode =
        RelayCommand.line()
            .setOut(new PrintWriter(script, true))
            .execute("completion", shell, "--name=" + word);
    assertThat(exitCode).isZero();
    return Files.writeString(directory.resolve("completion"), script.toString());
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
    return output;
  }
}
