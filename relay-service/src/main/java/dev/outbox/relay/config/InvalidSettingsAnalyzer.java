package dev.outbox.relay.config;

import java.util.stream.Collectors;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Has Spring Boot print wrong settings as text to act on instead of a stack trace. */
final class InvalidSettingsAnalyzer extends AbstractFailureAnalyzer<InvalidSettingsException> {

  @Override
  protected FailureAnalysis analyze(Throwable rootFailure, InvalidSettingsException cause) {
    return new FailureAnalysis(
        "The relay cannot start with these settings:"
            + cause.problems().stream()
                .map(problem -> System.lineSeparator() + "  " + problem)
                .collect(Collectors.joining()),
        "Correct them and start again.",
        cause);
  }
}
