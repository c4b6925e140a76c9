package dev.outbox.local;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotModifiedException;
import java.time.Duration;
import java.util.List;
import org.testcontainers.containers.GenericContainer;

/**
 * A container that keeps its data and its port of this machine when it is stopped or killed and
 * started again, which Testcontainers alone does not offer: its own {@code stop} removes the
 * container.
 */
final class RestartableContainer {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int STOP_SECONDS = 30;

  private final GenericContainer<?> container;
  private final Waiting.Attempt ready;
  private boolean created;

  /**
   * @param ready whether the server serves, asked after every start but the first
   */
  RestartableContainer(
      GenericContainer<?> container, int port, int containerPort, Waiting.Attempt ready) {
    // A fixed port: one that Docker chooses changes with every start.
    container.setPortBindings(List.of(port + ":" + containerPort));
    this.container = container;
    this.ready = ready;
  }

  String host() {
    return container.getHost();
  }

  void start() {
    if (!created) {
      container.start();
      created = true;
    } else if (!container.isRunning()) {
      docker().startContainerCmd(container.getContainerId()).exec();
      Waiting.until("Container " + container.getDockerImageName(), PATIENCE, Waiting::pause, ready);
    }
  }

  void stop() {
    if (!created) {
      return;
    }
    try {
      docker().stopContainerCmd(container.getContainerId()).withTimeout(STOP_SECONDS).exec();
    } catch (NotModifiedException alreadyStopped) {
      // Stopping twice is no fault.
    }
  }

  void kill() {
    if (created && container.isRunning()) {
      docker().killContainerCmd(container.getContainerId()).exec();
    }
  }

  void close() {
    container.stop();
    created = false;
  }

  private DockerClient docker() {
    return container.getDockerClient();
  }
}
