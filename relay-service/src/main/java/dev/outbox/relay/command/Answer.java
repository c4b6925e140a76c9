package dev.outbox.relay.command;

import dev.outbox.relay.config.InvalidSettingsException;
import dev.outbox.relay.config.InvalidSettingsException.Problem;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** What commands tell programs: one JSON text on one line. */
final class Answer {

  /** The option that asks for it. */
  static final String OPTION = "--json";

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Answer() {}

  static String of(Object value) {
    return JSON.writeValueAsString(value);
  }

  /** What failed, where, and what to do about it. */
  static Map<String, Object> failure(Exception failure) {
    if (failure instanceof RelayException known) {
      return failure(known.stage().name(), known.problem(), known.remedy());
    }
    if (failure instanceof InvalidSettingsException invalid) {
      Map<String, Object> answer =
          failure(
              Stage.PREFLIGHT.name(),
              invalid.problems().stream()
                  .map(problem -> problem.key() + ": " + problem.reason())
                  .collect(Collectors.joining("; ")),
              invalid.problems().stream()
                  .map(Problem::remedy)
                  .distinct()
                  .collect(Collectors.joining("; ")));
      answer.put("settings", invalid.problems());
      return answer;
    }
    return failure(
        "UNKNOWN", String.valueOf(failure), "Report it, with the stack trace on standard error.");
  }

  /** The same from its parts. */
  static Map<String, Object> failure(String stage, String problem, String remedy) {
    Map<String, Object> answer = new LinkedHashMap<>();
    answer.put("problem", problem);
    answer.put("remedy", remedy);
    answer.put("stage", stage);
    return answer;
  }
}
