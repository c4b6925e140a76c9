package dev.outbox.relay.config;

import java.util.List;
import java.util.stream.Collectors;

/** The settings cannot be used; carries every problem found, not only the first. */
public final class InvalidSettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  InvalidSettingsException(List<Problem> problems) {
    super(
        problems.stream()
            .map(Problem::toString)
            .collect(Collectors.joining(System.lineSeparator())));
    this.problems = List.copyOf(problems);
  }

  /** Every problem found. */
  public List<Problem> problems() {
    return problems;
  }

  /**
   * One setting that cannot be used.
   *
   * @param key the property's full name
   * @param value its value as it may be shown: secrets are masked
   * @param reason what is wrong with it
   * @param remedy what to do
   */
  public record Problem(String key, String value, String reason, String remedy) {
    @Override
    public String toString() {
      return "%s = %s: %s. Remedy: %s"
          .formatted(key, value.isEmpty() ? "(not set)" : "'" + value + "'", reason, remedy);
    }
  }
}
