package dev.outbox.local;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A broker that can be killed without harm to this JVM. */
final class BrokerInOwnProcess implements Broker {

  private final KafkaSettings settings;
  private final List<String> jvmArguments;
  private final Path log;
  private @Nullable ChildProcess process;

  BrokerInOwnProcess(KafkaSettings settings, List<String> jvmArguments, Path log) {
    this.settings = settings;
    this.jvmArguments = jvmArguments;
    this.log = log;
  }

  @Override
  public void start() {
    process =
        ChildProcess.java()
            // Logback, if it is on the class path, would otherwise log everything, slowly.
            .jvmArguments("-Dlogback.configurationFile=dev/outbox/local/broker-logback.xml")
            .jvmArguments(jvmArguments.toArray(String[]::new))
            .mainClass(BrokerMain.class.getName())
            .arguments(settings.write().toString())
            .output(log)
            .start();
  }

  @Override
  public void stop() {
    if (process != null) {
      process.terminate();
      process = null;
    }
  }

  @Override
  public void kill() {
    if (process != null) {
      process.sigkill();
      process = null;
    }
  }

  @Override
  public void discard() {
    kill();
  }

  @Override
  public boolean isRunning() {
    return process != null && process.isAlive();
  }

  @Override
  public boolean endedWithin(Duration duration) {
    return process == null || process.endedWithin(duration);
  }

  @Override
  public String lastWords() {
    return process == null ? "" : process.outputForMessage();
  }
}
