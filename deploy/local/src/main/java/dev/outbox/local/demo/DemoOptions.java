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
 * @param relayJar the executable jar of the relay
 * @param orderServiceJar the executable jar of the order service
 */
record DemoOptions(int orders, boolean once, Path relayJar, Path orderServiceJar) {

  static final String USAGE =
      """
      Usage: bash deploy/demo [--once] [--orders N]

      Starts PostgreSQL, Kafka, the order service and the relay on this machine, places N orders
      (5 unless given) and shows how each event goes from its row over the topic to its effect.
      Everything stays up until Ctrl-C, or with --once stops right away; the exit code is then 0
      when every event took effect once, otherwise 1.
      """;

  private static final int MOST_ORDERS = 10_000;

  /**
   * @throws IllegalArgumentException naming the option, its value and what is right
   */
  static DemoOptions parse(List<String> arguments) {
    int orders = 5;
    boolean once = false;
    Path relayJar = Path.of("relay-service/target/relay-service.jar");
    Path orderServiceJar = Path.of("order-service-demo/target/order-service-demo.jar");
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      switch (option) {
        case "--once" -> once = true;
        case "--orders" -> orders = number(option, value(option, rest));
        case "--relay-jar" -> relayJar = Path.of(value(option, rest));
        case "--order-service-jar" -> orderServiceJar = Path.of(value(option, rest));
        default -> throw new IllegalArgumentException("Unknown option " + option);
      }
    }
    return new DemoOptions(orders, once, existing(relayJar), existing(orderServiceJar));
  }

  private static String value(String option, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException("Option " + option + " needs a value");
    }
    return rest.next();
  }

  private static int number(String option, String value) {
    if (!value.matches("[1-9][0-9]{0,4}") || Integer.parseInt(value) > MOST_ORDERS) {
      throw new IllegalArgumentException(
          "%s %s: give a number from 1 to %d".formatted(option, value, MOST_ORDERS));
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
