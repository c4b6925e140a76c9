package dev.outbox.local.demo;

import dev.outbox.local.ChildProcess;
import dev.outbox.local.LocalStackException;
import dev.outbox.local.RestartableServer;
import dev.outbox.local.demo.Harm.Outcome;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** All harm that can be done to the demonstration, and how it is. For any thread. */
final class Harms {

  /** Over in some seconds. */
  private static final RetryStorm.Size STORM = new RetryStorm.Size(16, 20, 10, 20);

  private static final Duration STORM_LIMIT = Duration.ofSeconds(60);
  private static final Duration BROKER_AWAY = Duration.ofSeconds(5);
  private static final Duration REPLAY_LIMIT = Duration.ofSeconds(90);
  private static final Pattern ROWS = Pattern.compile("\"rows\":([0-9]+)");
  private static final Pattern REFUSAL =
      Pattern.compile("\"problem\":\"(.*?)\",\"remedy\":\"(.*?)\"[,}]");
  private static final Pattern HELD = Pattern.compile("\"heldByParking\":([0-9]+)");

  private final DemoStack stack;
  private final DemoOptions options;
  private final ServiceLogs logs;
  private final Screen screen;

  Harms(DemoStack stack, DemoOptions options, ServiceLogs logs, Screen screen) {
    this.stack = stack;
    this.options = options;
    this.logs = logs;
    this.screen = screen;
  }

  /** By the names that the control server knows. */
  Map<String, Harm> byName() {
    Map<String, Harm> harms = new LinkedHashMap<>();
    harms.put("kill-relay", told("The relay is killed …", this::killRelay));
    harms.put("stop-broker", told("Kafka is stopped …", this::stopBroker));
    harms.put("restart-database", told("PostgreSQL is stopped …", this::restartDatabase));
    harms.put("retry-storm", told("A storm of retries begins …", this::retryStorm));
    harms.put("replay", told("The last minute is replayed …", this::replay));
    return harms;
  }

  /** What is up now. */
  Map<String, ?> state() {
    return Map.of(
        "relay",
        Map.of(
            "url", stack.relay().url(),
            "up", stack.relay().isAlive(stack.http()),
            "kills", stack.relay().kills()),
        "broker",
        Map.of("up", brokerIsUp()),
        "database",
        Map.of("up", databaseIsUp()));
  }

  private Harm told(String beginning, Harm harm) {
    return () -> {
      screen.harm(beginning);
      try {
        Outcome outcome = harm.carryOut();
        screen.harm(outcome.what());
        return outcome;
      } catch (RuntimeException e) {
        // On Ctrl-C everything fails, and nobody wants to read of it.
        if (!Thread.currentThread().isInterrupted()) {
          screen.harm("failed: " + e.getMessage());
        }
        throw e;
      }
    };
  }

  private Outcome killRelay() {
    stack.relay().killAndRestart(stack.http());
    return new Outcome(
        "The relay was killed with SIGKILL and runs again.",
        Map.of("kills", stack.relay().kills()));
  }

  private Outcome stopBroker() throws InterruptedException {
    end(stack.kafka());
    TimeUnit.NANOSECONDS.sleep(BROKER_AWAY.toNanos());
    stack.kafka().start();
    return new Outcome(
        "Kafka was away for %d s and runs again with its data.".formatted(BROKER_AWAY.toSeconds()));
  }

  /** By force if need be, since a server that is still ending could not be started again. */
  private static void end(RestartableServer server) {
    try {
      server.stop();
    } catch (LocalStackException notInTime) {
      server.kill();
    }
  }

  private Outcome restartDatabase() {
    end(stack.postgres());
    stack.postgres().start();
    return new Outcome("PostgreSQL was stopped, with all connections, and runs again.");
  }

  private Outcome retryStorm() throws InterruptedException {
    RetryStorm.Result storm = new RetryStorm(stack.orderService().port(), STORM).run(STORM_LIMIT);
    return new Outcome(
        "%d requests, %d answers dropped: %s for each of %d keys."
            .formatted(
                storm.answered(),
                storm.dropped(),
                storm.distinctAnswers() == 1
                    ? "one answer"
                    : "up to " + storm.distinctAnswers() + " answers",
                storm.answers().size()),
        Map.of(
            "clients", STORM.clients(),
            "keys", storm.answers().size(),
            "requests", storm.answered(),
            "droppedAnswers", storm.dropped(),
            "refused", storm.refused(),
            "distinctAnswers", storm.distinctAnswers()));
  }

  private Outcome replay() {
    ChildProcess replay =
        Application.java("256m")
            .jar(options.relayJar())
            .arguments("replay", "--from=1m", "--json")
            .arguments(stack.relaySettings().toArray(String[]::new))
            .output(logs.replay())
            .start();
    try {
      int exitCode = replay.awaitExit(REPLAY_LIMIT);
      String output = replay.output();
      if (exitCode != 0) {
        throw new DemoException("The replay was refused: " + refusal(output));
      }
      int rows = number(ROWS, output) - number(HELD, output);
      return new Outcome(
          rows == 1
              ? "The one event of the last minute was published once more."
              : "All %d events of the last minute were published once more.".formatted(rows),
          Map.of("rows", rows));
    } finally {
      // An interrupt would break off this too, and leave the process.
      boolean interrupted = Thread.interrupted();
      replay.close();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Problem and remedy, without what else the process printed; all of it where there are none. */
  private static String refusal(String output) {
    Matcher matcher = REFUSAL.matcher(output);
    return matcher.find() ? matcher.group(1) + " " + matcher.group(2) : output;
  }

  private static int number(Pattern pattern, String output) {
    Matcher matcher = pattern.matcher(output);
    if (!matcher.find()) {
      throw new DemoException(
          "The relay's command says nothing of %s: %s".formatted(pattern, output));
    }
    return Integer.parseInt(matcher.group(1));
  }

  private boolean brokerIsUp() {
    URI address = URI.create("tcp://" + stack.kafka().bootstrapServers());
    try (Socket socket = new Socket(address.getHost(), address.getPort())) {
      return socket.isConnected();
    } catch (IOException away) {
      return false;
    }
  }

  private boolean databaseIsUp() {
    try (Connection connection = stack.postgres().connect(DemoDatabase.NAME)) {
      return !connection.isClosed();
    } catch (SQLException away) {
      return false;
    }
  }
}
