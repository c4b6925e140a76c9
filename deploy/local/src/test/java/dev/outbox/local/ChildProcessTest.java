package dev.outbox.local;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ChildProcessTest {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @Test
  void aJavaProcessGetsItsArgumentsAndEnvironmentAndTellsItsOutputAndExitCode() {
    try (ChildProcess child =
        ChildProcess.java()
            .jvmArguments("-Dtold.by=property")
            .mainClass(Telling.class.getName())
            .arguments("argument")
            .environment("TOLD_BY", "environment")
            .start()) {
      assertThat(child.awaitOutput("told (.*)\\.", LIMIT).group(1))
          .isEqualTo("property, argument, environment");
      assertThat(child.awaitExit(LIMIT)).isEqualTo(7);
      assertThat(child.exitCode()).hasValue(7);
    }
  }

  @Test
  void waitingForOutputFailsAsSoonAsTheProcessHasEndedWithoutIt() {
    try (ChildProcess child = ChildProcess.java().mainClass("no.such.Program").start()) {
      assertThatThrownBy(() -> child.awaitOutput("started", LIMIT))
          .isInstanceOf(LocalStackException.class)
          .hasMessageContaining("No output matches 'started'")
          .hasMessageContaining("no.such.Program");
    }
  }

  @Test
  void aProcessCanBeStoppedContinuedAndTerminated() {
    try (ChildProcess child = ChildProcess.java().mainClass(Ticking.class.getName()).start()) {
      child.awaitOutput("tick", LIMIT);

      child.sendSignal("STOP");
      // A signal arrives some time after it was sent.
      AtomicInteger length = new AtomicInteger();
      await()
          .during(200, TimeUnit.MILLISECONDS)
          .until(
              () -> {
                int now = child.output().length();
                return child.isAlive() && length.getAndSet(now) == now;
              });

      child.sendSignal("CONT");
      await().atMost(PATIENCE).until(() -> child.output().length() > length.get());

      assertThat(child.terminate()).isEqualTo(128 + 15);
      assertThat(child.isAlive()).isFalse();
    }
  }

  @Test
  void aKilledProcessTakesItsOwnChildrenWithIt() {
    try (ChildProcess child = ChildProcess.java().mainClass(Parent.class.getName()).start()) {
      long grandchild = Long.parseLong(child.awaitOutput("child (\\d+)\\.", LIMIT).group(1));

      child.sigkill();

      assertThat(child.exitCode()).hasValue(128 + 9);
      assertThat(runs(grandchild)).isFalse();
    }
  }

  @Test
  void aChildEndsWhenItsJvmExits() {
    try (ChildProcess child =
        ChildProcess.java().mainClass(Parent.class.getName()).arguments("exit").start()) {
      long grandchild = Long.parseLong(child.awaitOutput("child (\\d+)\\.", LIMIT).group(1));

      assertThat(child.awaitExit(LIMIT)).isZero();

      await().atMost(PATIENCE).until(() -> !runs(grandchild));
    }
  }

  @Test
  void aChildEndsWhenItsJvmIsKilled() {
    try (ChildProcess child = ChildProcess.java().mainClass(Parent.class.getName()).start()) {
      long grandchild = Long.parseLong(child.awaitOutput("child (\\d+)\\.", LIMIT).group(1));

      // The signal, unlike sigkill(), concerns the parent alone.
      child.sendSignal("KILL");

      await().atMost(PATIENCE).until(() -> !runs(grandchild));
    }
  }

  /** A process that has ended but that nobody has asked for its exit code does not run. */
  private static boolean runs(long pid) {
    return ProcessHandle.of(pid).flatMap(process -> process.info().command()).isPresent();
  }
}
