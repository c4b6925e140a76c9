package dev.outbox.connect;

import static dev.outbox.local.Patience.PATIENCE;
import static org.awaitility.Awaitility.await;

import dev.outbox.local.KafkaServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Distributed workers in processes of their own that load the packaged plugin, and their REST. */
final class ConnectCluster implements AutoCloseable {

  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);
  private static final int CONFLICT = 409;
  private static final HttpClient HTTP =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private static final JsonMapper JSON = new JsonMapper();

  private final KafkaServer kafka;
  private final String group = "connect-" + UUID.randomUUID();
  private final List<ConnectWorker> workers = new ArrayList<>();

  private ConnectCluster(KafkaServer kafka) {
    this.kafka = kafka;
  }

  /** Workers that answer. */
  static ConnectCluster start(KafkaServer kafka, int count) {
    ConnectCluster cluster = new ConnectCluster(kafka);
    try {
      for (int i = 0; i < count; i++) {
        cluster.workers.add(ConnectWorker.start(kafka.bootstrapServers(), cluster.group));
      }
      cluster.awaitAnswers();
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  private void awaitAnswers() {
    workers.forEach(
        worker ->
            await()
                .atMost(PATIENCE)
                .failFast("a worker has ended", () -> !worker.process().isAlive())
                .until(() -> isAnswering(worker)));
  }

  private static boolean isAnswering(ConnectWorker worker) throws InterruptedException {
    try {
      return send(worker, "GET", "/connectors", null).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** What the REST interface has answered. */
  record Answer(int status, JsonNode body) {}

  /** Makes the connector, or gives it other settings. */
  void configure(String connector, Map<String, String> settings) {
    Answer answer = put("/connectors/" + connector + "/config", settings);
    if (answer.status() >= 300) {
      throw new AssertionError("The connector is refused: " + answer);
    }
  }

  Answer get(String path) {
    return request("GET", path, null);
  }

  Answer put(String path, @Nullable Object body) {
    return request("PUT", path, body);
  }

  Answer post(String path) {
    return request("POST", path, null);
  }

  Answer delete(String path) {
    return request("DELETE", path, null);
  }

  /** Asked of any worker that lives, and again while the workers divide the work anew. */
  private Answer request(String method, String path, @Nullable Object body) {
    List<Answer> answers = new ArrayList<>();
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(
            () -> {
              for (ConnectWorker worker : workers) {
                if (worker.process().isAlive() && asked(worker, method, path, body, answers)) {
                  return true;
                }
              }
              return false;
            });
    return answers.get(0);
  }

  private static boolean asked(
      ConnectWorker worker, String method, String path, @Nullable Object body, List<Answer> answers)
      throws InterruptedException {
    try {
      HttpResponse<String> response = send(worker, method, path, body);
      String text = response.body();
      // A worker that is about to leave or has just come knows no better.
      if (response.statusCode() == CONFLICT || response.statusCode() >= 500) {
        return false;
      }
      answers.add(
          new Answer(
              response.statusCode(),
              text.isEmpty() ? JSON.createObjectNode() : JSON.readTree(text)));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static HttpResponse<String> send(
      ConnectWorker worker, String method, String path, @Nullable Object body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(worker.url() + path))
            .timeout(ANSWER_WITHIN)
            .header("content-type", "application/json")
            .method(
                method,
                body == null
                    ? BodyPublishers.noBody()
                    : BodyPublishers.ofString(JSON.writeValueAsString(body)))
            .build();
    return HTTP.send(request, BodyHandlers.ofString());
  }

  /** Returns when connector and tasks are in this state, such as RUNNING. */
  void awaitState(String connector, String state) {
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(
            () -> {
              JsonNode status = get("/connectors/" + connector + "/status").body();
              JsonNode tasks = status.path("tasks");
              boolean all = state.equals("STOPPED") || !tasks.isEmpty();
              for (JsonNode task : tasks) {
                requireHealthy(task);
                all = all && task.path("state").asString("").equals(state);
              }
              return all && status.path("connector").path("state").asString("").equals(state);
            });
  }

  private static void requireHealthy(JsonNode task) {
    if (task.path("state").asString("").equals("FAILED")) {
      throw new AssertionError("A task has failed: " + task.path("trace").asString(""));
    }
  }

  /** The worker that runs the connector's task. */
  ConnectWorker workerOfTask(String connector) {
    List<ConnectWorker> found = new ArrayList<>();
    await()
        .atMost(PATIENCE)
        .pollInSameThread()
        .until(
            () -> {
              JsonNode task = get("/connectors/" + connector + "/status").body().at("/tasks/0");
              if (!task.path("state").asString("").equals("RUNNING")) {
                return false;
              }
              String id = task.path("worker_id").asString("");
              workers.stream()
                  .filter(worker -> worker.id().equals(id) && worker.process().isAlive())
                  .forEach(found::add);
              return !found.isEmpty();
            });
    return found.get(0);
  }

  /** Where the connector's tasks run; nowhere as long as fewer than this many do. */
  Set<String> workersOfTasks(String connector, int tasks) {
    Set<String> found = new HashSet<>();
    int running = 0;
    for (JsonNode task : get("/connectors/" + connector + "/status").body().path("tasks")) {
      if (task.path("state").asString("").equals("RUNNING")) {
        found.add(task.path("worker_id").asString(""));
        running++;
      }
    }
    return running < tasks ? Set.of() : found;
  }

  /** A worker in the place of one that was killed. */
  void replace(ConnectWorker killed) {
    workers.remove(killed);
    workers.add(ConnectWorker.start(kafka.bootstrapServers(), group));
  }

  /** What all workers have in memory. */
  long residentKilobytes() {
    return workers.stream().mapToLong(worker -> residentKilobytes(worker.process().pid())).sum();
  }

  private static long residentKilobytes(long pid) {
    try (Stream<String> status = Files.lines(Path.of("/proc", String.valueOf(pid), "status"))) {
      return status
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    workers.forEach(ConnectWorker::close);
  }
}
