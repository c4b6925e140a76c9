package dev.outbox.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.demo.Demo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code deploy/demo} runs, with the jars of this build. */
class DemoIT {

  private static final Duration PATIENCE = Duration.ofSeconds(120);
  private static final Path RELAY_JAR = Path.of("../relay-service/target/relay-service.jar");
  private static final Path ORDER_SERVICE_JAR = Path.of("target/order-service-demo.jar");

  /** Where the demonstration keeps everything, so that what it leaves behind is seen. */
  @TempDir private Path temporary;

  /** PostgreSQL may have to run as another user. */
  @BeforeEach
  void openForOthers() throws IOException {
    Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void showsEveryEventOnceAndLeavesNothingBehind() throws Exception {
    try (ChildProcess demo = start(ORDER_SERVICE_JAR, "--once", "--orders", "3")) {
      // When
      Set<Long> processes = processesUntil(demo, " repeated ");
      // Then
      assertThat(demo.awaitExit(PATIENCE)).as(demo.output()).isZero();
      assertThat(demo.output())
          .contains("3 orders, 3 events published, 3 effects applied, 0 duplicates, 0 lost: OK")
          .containsPattern("repeated +→ +partition [0-2] @ [0-9]+ +→ +known, no effect")
          .doesNotContain("SLF4J", "WARN", "ERROR");
      assertNothingIsLeft(processes);
    }
  }

  @Test
  void endsCleanlyOnASignal() throws Exception {
    try (ChildProcess demo = start(ORDER_SERVICE_JAR, "--orders", "1")) {
      // Given a demonstration that stays up
      Set<Long> processes = processesUntil(demo, "Ctrl-C stops everything");
      assertThat(demo.output()).contains("/actuator/health", "status", "insert into outbox_event");
      // When
      // Ctrl-C sends another one, which a shell has its background jobs ignore.
      demo.sendSignal("TERM");
      // Then
      demo.awaitExit(PATIENCE);
      assertThat(demo.output()).contains("Everything is stopped");
      assertNothingIsLeft(processes);
    }
  }

  @Test
  void aServiceThatDoesNotComeUpIsNamedWithItsLastWords(@TempDir Path elsewhere) throws Exception {
    // Given
    Path notAJar = Files.writeString(elsewhere.resolve("broken.jar"), "not a jar");
    try (ChildProcess demo = start(notAJar, "--once")) {
      // When
      int exitCode = demo.awaitExit(PATIENCE);
      // Then
      assertThat(exitCode).isEqualTo(1);
      assertThat(demo.output())
          .contains("The order service has ended with exit code 1", "order-service.log")
          .contains("Invalid or corrupt jarfile");
    }
  }

  private ChildProcess start(Path orderServiceJar, String... options) {
    return ChildProcess.java()
        .jvmArguments("-Djava.io.tmpdir=" + temporary)
        .mainClass(Demo.class.getName())
        .arguments("--relay-jar", RELAY_JAR.toString())
        .arguments("--order-service-jar", orderServiceJar.toString())
        .arguments(options)
        .start();
  }

  /** The processes that the demonstration has when it says this. */
  private static Set<Long> processesUntil(ChildProcess demo, String text) {
    demo.awaitOutput(Pattern.compile(Pattern.quote(text)), PATIENCE);
    return ProcessHandle.of(demo.pid()).stream()
        .flatMap(ProcessHandle::descendants)
        .map(ProcessHandle::pid)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private void assertNothingIsLeft(Set<Long> processes) throws Exception {
    // At least two servers and two services, so that an empty set does not pass.
    assertThat(processes).hasSizeGreaterThanOrEqualTo(4);
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .untilAsserted(
            () ->
                assertThat(processes)
                    .noneMatch(
                        pid ->
                            ProcessHandle.of(pid)
                                .filter(process -> process.info().command().isPresent())
                                .isPresent()));
    try (var files = Files.list(temporary)) {
      List<String> left =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith("outbox-"))
              // PostgreSQL's programs, unpacked once per user.
              .filter(name -> !name.startsWith("outbox-local-"))
              .toList();
      assertThat(left).isEmpty();
    }
  }
}
