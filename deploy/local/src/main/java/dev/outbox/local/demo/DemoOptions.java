package dev.outbox.local.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;

/**
 * What the command line says.
 *
 * @param orders how many orders to place
 * @param once whether to stop afterwards
 * @param browser whether to open the page
 * @param port of the order service, and so of the page; another one where it is taken
 * @param relayPort of the relay, likewise
 * @param relayJar the executable jar of the relay
 * @param orderServiceJar the executable jar of the order service
 */
record DemoOptions(
    int orders,
    boolean once,
    boolean browser,
    int port,
    int relayPort,
    Path relayJar,
    Path orderServiceJar) {

  static final String USAGE =
      """
      Usage: bash deploy/demo [--once] [--orders N] [--no-browser] [--port N] [--relay-port N]

      Starts PostgreSQL, Kafka, the order service and the relay on this machine, names the page of
      the order service and opens it on a desktop (unless --no-browser), places N orders (5 unless
      given) and shows how each event goes from its row over the topic to its effect.
      Everything stays up until Ctrl-C, or with --once stops right away; the exit code is then 0
      when every event took effect once, otherwise 1.

      The page is at port 8080 and the relay's console at 8081 unless told otherwise, or at another
      free one where that is taken.
      """;

  private static final int MOST_ORDERS = 10_000;
  private static final int LAST_PORT = 65_535;

  /**
   * @throws IllegalArgumentException naming the option, its value and what is right
   */
  static DemoOptions parse(List<String> arguments) {
    int orders = 5;
    boolean once = false;
    boolean browser = true;
    int port = 8080;
    int relayPort = 8081;
    Path relayJar = Path.of("relay-service/target/relay-service.jar");
    Path orderServiceJar = Path.of("order-service-demo/target/order-service-demo.jar");
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      switch (option) {
        case "--once" -> once = true;
        case "--no-browser" -> browser = false;
        case "--orders" -> orders = number(option, value(option, rest), MOST_ORDERS);
        case "--port" -> port = number(option, value(option, rest), LAST_PORT);
        case "--relay-port" -> relayPort = number(option, value(option, rest), LAST_PORT);
        case "--relay-jar" -> relayJar = Path.of(value(option, rest));
        case "--order-service-jar" -> orderServiceJar = Path.of(value(option, rest));
        default -> throw new IllegalArgumentException("Unknown option " + option);
      }
    }
    return new DemoOptions(
        orders,
        once,
        browser && !once,
        port,
        relayPort,
        existing(relayJar),
        existing(orderServiceJar));
  }

  private static String value(String option, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException("Option " + option + " needs a value");
    }
    return rest.next();
  }

  private static int number(String option, String value, int most) {
    if (!value.matches("[1-9][0-9]{0,4}") || Integer.parseInt(value) > most) {
      throw new IllegalArgumentException(
          "%s %s: give a number from 1 to %d".formatted(option, value, most));
    }
    return Integer.parseInt(value);
  }

  private static Path existing(Path jar) {
    if (!Files.isRegularFile(jar)) {
      throw new IllegalArgumentException(
          "%s is missing: build it with mvn -DskipTests package".formatted(jar));
    }
    return jar;
  }
}
