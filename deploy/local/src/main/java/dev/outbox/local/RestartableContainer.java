package dev.outbox.local;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotModifiedException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.utility.DockerImageName;

/**
 * A container that keeps its data and its port of this machine when it is stopped or killed and
 * started again, which Testcontainers alone does not offer: its own {@code stop} removes the
 * container.
 */
abstract class RestartableContainer implements RestartableServer {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int STOP_SECONDS = 30;
  private static final int LAST_WORDS = 4_000;

  private final GenericContainer<?> container;
  private final int port;

  RestartableContainer(GenericContainer<?> container, int port, int containerPort) {
    // A fixed port: one that Docker chooses changes with every start.
    container.setPortBindings(List.of(port + ":" + containerPort));
    container.waitingFor(
        new AbstractWaitStrategy() {
          @Override
          protected void waitUntilReady() {
            awaitReady();
          }
        });
    this.container = container;
    this.port = port;
  }

  /**
   * The image that a system property names, or else a variable of the environment, or else the
   * official one.
   *
   * @param environment the environment's variables
   */
  static DockerImageName image(
      String property,
      String variable,
      Map<String, String> environment,
      String official,
      String compatibleWith) {
    String unlessProperty = environment.getOrDefault(variable, official);
    return DockerImageName.parse(System.getProperty(property, unlessProperty))
        .asCompatibleSubstituteFor(compatibleWith);
  }

  /** Whether the server serves. */
  abstract boolean isReady() throws Exception;

  public String host() {
    return container.getHost();
  }

  public int port() {
    return port;
  }

  @Override
  public void start() {
    if (container.isRunning()) {
      return;
    }
    if (!exists()) {
      create();
      return;
    }
    docker().startContainerCmd(container.getContainerId()).exec();
    try {
      awaitReady();
    } catch (LocalStackException e) {
      kill();
      throw e;
    }
  }

  @Override
  public void stop() {
    if (!exists()) {
      return;
    }
    try {
      docker().stopContainerCmd(container.getContainerId()).withTimeout(STOP_SECONDS).exec();
    } catch (NotModifiedException alreadyStopped) {
      // Stopping twice is no fault.
    }
  }

  @Override
  public void kill() {
    if (!exists()) {
      return;
    }
    try {
      docker().killContainerCmd(container.getContainerId()).exec();
    } catch (ConflictException alreadyStopped) {
      // Killing twice is no fault.
    }
  }

  @Override
  public void close() {
    container.stop();
  }

  /** Runs a new container; Testcontainers removes it when it does not start. */
  private void create() {
    try {
      container.start();
    } catch (RuntimeException e) {
      throw new LocalStackException(
          "A container does not start, as outbox.stack=containers demands: " + messageOf(e), e);
    }
  }

  private void awaitReady() {
    try {
      Waiting.until("The server on port " + port, PATIENCE, this::endedWithin, this::isReady);
    } catch (LocalStackException e) {
      throw new LocalStackException(
          "%s does not start: %s. %s"
              .formatted(container.getDockerImageName(), e.getMessage(), lastWords()),
          e);
    }
  }

  private boolean endedWithin(Duration duration) {
    return Waiting.pause(duration) || !container.isRunning();
  }

  private String lastWords() {
    String log = container.getLogs();
    return "Its last words:\n" + log.substring(Math.max(0, log.length() - LAST_WORDS));
  }

  private boolean exists() {
    return container.getContainerId() != null;
  }

  private DockerClient docker() {
    return container.getDockerClient();
  }

  /** The one that says what happened; Testcontainers wraps it twice or more. */
  private static String messageOf(Throwable failure) {
    Throwable saying = failure;
    while (!(saying instanceof LocalStackException) && saying.getCause() != null) {
      saying = saying.getCause();
    }
    return String.valueOf(saying.getMessage());
  }
}
