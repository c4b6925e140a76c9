package dev.outbox.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code deploy/demo} runs, with the jars of this build. */
@Tag("slow")
class DemoIT {

  @TempDir private Path temporary;

  @Test
  void showsEveryEventOnceAndLeavesNothingBehind() throws Exception {
    try (RunningDemo demo = start(RunningDemo.ORDER_SERVICE_JAR, "--once", "--orders", "3")) {
      // When
      demo.awaitText(" repeated ");
      // Then
      assertThat(demo.process().awaitExit(PATIENCE)).as(demo.output()).isZero();
      assertThat(demo.output())
          .contains("3 orders, 3 events published, 3 effects applied, 0 duplicates, 0 lost: OK")
          .containsPattern("repeated +→ +partition [0-2] @ [0-9]+ +→ +known, no effect")
          .containsPattern("The shop.* http://localhost:[0-9]+/\n")
          .doesNotContain("SLF4J", "WARN", "ERROR");
      demo.assertNothingIsLeft();
    }
  }

  @Test
  void endsCleanlyOnASignalAlsoAmidHarm() throws Exception {
    try (RunningDemo demo = start(RunningDemo.ORDER_SERVICE_JAR, "--orders", "1")) {
      // Given a demonstration that stays up
      demo.awaitText("Ctrl-C stops everything");
      assertThat(demo.output()).contains("/actuator/health", "status", "insert into outbox_event");
      // And harm, of which the relay starts again and Kafka does not yet
      List<CompletableFuture<HttpResponse<String>>> harm =
          List.of(demo.harm("kill-relay"), demo.harm("stop-broker"));
      demo.awaitText("Kafka is stopped");
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(demo.hasProcessOf(RunningDemo.BROKER)).isFalse());
      demo.rememberProcesses();
      assertThat(harm).noneMatch(CompletableFuture::isDone);
      // When
      // Ctrl-C sends another one, which a shell has its background jobs ignore.
      demo.process().sendSignal("TERM");
      // Then
      demo.process().awaitExit(PATIENCE);
      assertThat(demo.output()).contains("Everything is stopped").doesNotContain("failed");
      demo.assertNothingIsLeft();
    }
  }

  @Test
  void aServiceThatDoesNotComeUpIsNamedWithItsLastWords(@TempDir Path elsewhere) throws Exception {
    // Given
    Path broken = elsewhere.resolve("broken.jar");
    new JarOutputStream(Files.newOutputStream(broken), new Manifest()).close();
    try (RunningDemo demo = start(broken, "--once")) {
      // When
      int exitCode = demo.process().awaitExit(PATIENCE);
      // Then
      assertThat(exitCode).isEqualTo(1);
      assertThat(demo.output())
          .contains("The order service has ended with exit code 1", "order-service.log")
          .contains("no main manifest attribute");
    }
  }

  private RunningDemo start(Path orderServiceJar, String... options) throws IOException {
    return RunningDemo.start(temporary, orderServiceJar, options);
  }
}
