package dev.outbox.local;

import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;

/**
 * Runs a broker until SIGTERM. Instead of Kafka's own main, since that one tells a failure only to
 * a logging library, of which there may be none.
 */
final class BrokerMain {

  private BrokerMain() {}

  public static void main(String[] arguments) {
    try {
      KafkaRaftServer server = server(read(Path.of(arguments[0])));
      Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown, "stop broker"));
      server.startup();
      server.awaitShutdown();
    } catch (Throwable e) {
      // Whatever it is, it must reach the log file.
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
  }

  static KafkaRaftServer server(Properties settings) {
    return new KafkaRaftServer(new KafkaConfig(settings), Time.SYSTEM);
  }

  private static Properties read(Path file) throws java.io.IOException {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    }
    return properties;
  }
}
