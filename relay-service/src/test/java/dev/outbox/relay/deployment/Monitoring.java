package dev.outbox.relay.deployment;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What {@code deploy/monitoring} asks Prometheus. */
final class Monitoring {

  static final Path FOLDER = Chart.DEPLOY.resolve("monitoring");
  static final Path RULES = FOLDER.resolve("prometheus-rules.yaml");
  static final Path RULE_TESTS = FOLDER.resolve("prometheus-rules.test.yaml");
  static final Path DASHBOARD = FOLDER.resolve("grafana-dashboard.json");

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private Monitoring() {}

  /** One alert of the rules. */
  record Alert(String name, String query, String runbook) {}

  static List<Alert> alerts() {
    JsonNode rules = yaml(RULES);
    List<Alert> alerts = new ArrayList<>();
    for (JsonNode group : rules.path("groups")) {
      for (JsonNode rule : group.path("rules")) {
        alerts.add(
            new Alert(
                rule.path("alert").asString(),
                rule.path("expr").asString(),
                rule.path("annotations").path("runbook_url").asString()));
      }
    }
    return alerts;
  }

  /** All that the dashboard asks, its variables included, each with a name. */
  static Map<String, String> dashboardQueries() {
    JsonNode dashboard = JSON.readTree(read(DASHBOARD));
    Map<String, String> queries = new TreeMap<>();
    for (JsonNode panel : dashboard.path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        queries.put(
            panel.path("title").asString() + " " + target.path("refId").asString(),
            target.path("expr").asString());
      }
    }
    for (JsonNode variable : dashboard.path("templating").path("list")) {
      if (variable.path("type").asString().equals("query")) {
        String query = variable.path("query").path("query").asString();
        queries.put(
            "variable " + variable.path("name").asString(),
            query.replaceFirst("^label_values\\((.*), \\w+\\)$", "$1"));
      }
    }
    return queries;
  }

  static JsonNode dashboard() {
    return JSON.readTree(read(DASHBOARD));
  }

  static JsonNode json(String text) {
    return JSON.readTree(text);
  }

  static JsonNode json(Object tree) {
    return JSON.valueToTree(tree);
  }

  static JsonNode yaml(Path file) {
    Object tree = new Yaml().load(read(file));
    return JSON.valueToTree(tree);
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file, e);
    }
  }
}
