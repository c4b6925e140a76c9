package dev.outbox.local;

import java.time.Duration;
import kafka.server.KafkaRaftServer;
import org.jspecify.annotations.Nullable;

/** A broker that shares this JVM: no second class path, and a debugger sees it. */
final class BrokerInThisJvm implements Broker {

  private final KafkaSettings settings;
  private @Nullable KafkaRaftServer server;

  BrokerInThisJvm(KafkaSettings settings) {
    this.settings = settings;
  }

  @Override
  public void start() {
    try {
      server = BrokerMain.server(settings.properties());
      server.startup();
    } catch (RuntimeException e) {
      stop();
      throw new LocalStackException("Kafka does not start inside this JVM: " + e.getMessage(), e);
    }
  }

  @Override
  public void stop() {
    if (server != null) {
      server.shutdown();
      server.awaitShutdown();
      server = null;
    }
  }

  @Override
  public void kill() {
    throw new UnsupportedOperationException(
        "A Kafka broker inside this JVM cannot be killed: build it with ownProcess(), or call stop()");
  }

  @Override
  public void discard() {
    stop();
  }

  @Override
  public boolean isRunning() {
    return server != null;
  }

  @Override
  public boolean endedWithin(Duration duration) {
    return Waiting.pause(duration);
  }

  @Override
  public String lastWords() {
    return "";
  }
}
