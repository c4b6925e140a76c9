package dev.outbox.relay.web.console;

import dev.outbox.relay.web.RelayServer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.context.annotation.ImportCandidates;
import org.springframework.context.ConfigurableApplicationContext;

/** The whole relay in this JVM, at a port of its own. */
final class Applications {

  private static final String LOGGING = "org.springframework.boot.logging.LoggingSystem";

  private Applications() {}

  /** Starts it with these settings; its caller closes it. */
  static ConfigurableApplicationContext start(Map<String, String> settings) {
    Map<String, String> arguments = new HashMap<>(settings);
    arguments.put("server.port", "0");
    // The writer library configures itself wherever it is on the class path.
    arguments.put("spring.autoconfigure.exclude", String.join(",", ofOtherModules()));
    // It would take the log away from the other tests of this JVM.
    System.setProperty(LOGGING, "none");
    try {
      return new SpringApplication(RelayServer.class)
          .run(
              arguments.entrySet().stream()
                  .map(one -> "--" + one.getKey() + "=" + one.getValue())
                  .toArray(String[]::new));
    } finally {
      System.clearProperty(LOGGING);
    }
  }

  /** Who reaches it. */
  static Client client(ConfigurableApplicationContext application) {
    return new Client(
        application.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
  }

  private static List<String> ofOtherModules() {
    return ImportCandidates.load(AutoConfiguration.class, RelayServer.class.getClassLoader())
        .getCandidates()
        .stream()
        .filter(name -> name.startsWith("dev.outbox."))
        .toList();
  }
}
