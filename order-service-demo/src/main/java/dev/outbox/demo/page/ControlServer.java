package dev.outbox.demo.page;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/** Asks the driver of the demonstration to do harm. Any thread may use it. */
@Component
class ControlServer {

  /** A storm of retries or a start on a busy machine takes its time. */
  private static final Duration HARM_LIMIT = Duration.ofMinutes(3);

  private static final Duration STATE_LIMIT = Duration.ofSeconds(2);
  private static final int OK = 200;

  private final ControlSettings settings;
  private final JsonMapper json;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(STATE_LIMIT)
          .build();

  ControlServer(ControlSettings settings, JsonMapper json) {
    this.settings = settings;
    this.json = json;
  }

  /** An answer, whatever it says. */
  record Answer(int status, JsonNode body) {
    boolean isWell() {
      return status == OK;
    }

    /** What people should read. */
    String text() {
      for (String name : new String[] {"what", "detail", "error", "message"}) {
        if (body.path(name).isString()) {
          return body.path(name).asString();
        }
      }
      return isWell() ? "Done" : "The control server answered " + status;
    }
  }

  boolean isPresent() {
    return settings.present();
  }

  /** Returns when the harm is done. */
  Answer carryOut(Harm harm) throws InterruptedException {
    return ask(request("/" + harm.path(), HARM_LIMIT).POST(BodyPublishers.noBody()).build());
  }

  /** Which processes are up, as the driver knows it. */
  Answer state() throws InterruptedException {
    return ask(request("/state", STATE_LIMIT).GET().build());
  }

  private HttpRequest.Builder request(String path, Duration limit) {
    return HttpRequest.newBuilder(URI.create(settings.url() + path))
        .timeout(limit)
        .header("Authorization", "Bearer " + settings.token());
  }

  private Answer ask(HttpRequest request) throws InterruptedException {
    try {
      HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
      return new Answer(response.statusCode(), parse(response.body()));
    } catch (IOException e) {
      return new Answer(
          502,
          JsonNodeFactory.instance
              .objectNode()
              .put(
                  "detail", "The control server does not answer: " + e.getClass().getSimpleName()));
    }
  }

  private JsonNode parse(String body) {
    try {
      return json.readTree(body);
    } catch (JacksonException notJson) {
      return JsonNodeFactory.instance.objectNode();
    }
  }
}
