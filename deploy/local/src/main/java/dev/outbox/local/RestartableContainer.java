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
abstract class RestartableContainer implements RestartableServer {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int STOP_SECONDS = 30;

  private final GenericContainer<?> container;
  private final int port = TcpPorts.free();
  private boolean created;

  RestartableContainer(GenericContainer<?> container, int containerPort) {
    // A fixed port: one that Docker chooses changes with every start.
    container.setPortBindings(List.of(port + ":" + containerPort));
    this.container = container;
  }

  /** Whether the server serves; asked after every start but the first. */
  abstract boolean isReady() throws Exception;

  public String host() {
    return container.getHost();
  }

  public int port() {
    return port;
  }

  @Override
  public void start() {
    if (!created) {
      container.start();
      created = true;
    } else if (!container.isRunning()) {
      docker().startContainerCmd(container.getContainerId()).exec();
      Waiting.until(
          "Container " + container.getDockerImageName(), PATIENCE, Waiting::pause, this::isReady);
    }
  }

  @Override
  public void stop() {
    if (!created) {
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
    if (created && container.isRunning()) {
      docker().killContainerCmd(container.getContainerId()).exec();
    }
  }

  @Override
  public void close() {
    container.stop();
    created = false;
  }

  private DockerClient docker() {
    return container.getDockerClient();
  }
}
