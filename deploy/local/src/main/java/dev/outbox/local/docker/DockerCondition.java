package dev.outbox.local.docker;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What {@link WithDocker} says. */
final class DockerCondition implements ExecutionCondition {

  private static final String REQUIREMENT = "OUTBOX_TESTS_CONTAINERS";
  private static final int ANSWER_SECONDS = 20;

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    // Asked once for a class, not again for each of its tests.
    boolean decided = context.getTestMethod().isPresent();
    return decided || "required".equals(System.getenv(REQUIREMENT)) || engineAnswers()
        ? ConditionEvaluationResult.enabled("There is a Docker engine, or there must be one")
        : ConditionEvaluationResult.disabled(
            "No Docker engine answers to 'docker info'. Start one, or on Debian let"
                + " deploy/docker/test-images install and start it, see CONTRIBUTING.md.");
  }

  private static boolean engineAnswers() {
    try {
      Process process =
          new ProcessBuilder("docker", "info")
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return false;
      }
      return process.exitValue() == 0;
    } catch (IOException notInstalled) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
