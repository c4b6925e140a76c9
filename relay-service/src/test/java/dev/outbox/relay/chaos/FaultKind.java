package dev.outbox.relay.chaos;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What can be done to the servers, the relays and the connections between them. */
enum FaultKind {
  RELAY_KILL("relay killed (SIGKILL)", 6, 0, 1_500),
  RELAY_PAUSE("relay stopped and continued (SIGSTOP, SIGCONT)", 4, 300, 12_000),
  RELAY_PAUSE_KILL("relay stopped and killed (SIGSTOP, SIGKILL)", 2, 300, 8_000),
  RELAY_RESTART("relay restarted gracefully (SIGTERM)", 3, 0, 500),
  POSTGRES_CRASH("PostgreSQL stopped in mode immediate (SIGQUIT)", 3, 0, 3_000),
  BROKER_KILL("broker killed (SIGKILL)", 2, 0, 3_000),
  DATABASE_CUT("connections to PostgreSQL cut", 3, 0, 2_000),
  DATABASE_CUT_MIDWAY("connections to PostgreSQL cut in mid-stream", 2, 500, 3_000),
  DATABASE_HALF_OPEN("connections to PostgreSQL half-open", 2, 500, 12_000),
  DATABASE_DELAY("connections to PostgreSQL delayed", 1, 500, 4_000),
  KAFKA_CUT("connections to Kafka cut", 3, 0, 2_000),
  KAFKA_CUT_MIDWAY("connections to Kafka cut in mid-produce", 2, 500, 3_000),
  KAFKA_HALF_OPEN("connections to Kafka half-open", 2, 500, 12_000),
  KAFKA_DELAY("connections to Kafka delayed", 1, 500, 4_000),
  SLOT_DROP("replication slot dropped", 2, 0, 0);

  private final String title;
  private final int weight;
  private final Duration shortest;
  private final Duration longest;

  FaultKind(String title, int weight, int shortestMillis, int longestMillis) {
    this.title = title;
    this.weight = weight;
    this.shortest = Duration.ofMillis(shortestMillis);
    this.longest = Duration.ofMillis(longestMillis);
  }

  /** In words, for people. */
  String title() {
    return title;
  }

  /** How often it is drawn, in relation to the others. */
  int weight() {
    return weight;
  }

  /**
   * How long it lasts.
   *
   * @param fraction from 0 to 1; long ones are rare, since little happens during them
   */
  Duration hold(double fraction) {
    long range = longest.minus(shortest).toMillis();
    return shortest.plusMillis(Math.round(range * fraction * fraction));
  }

  /** Its name as in {@code -Dchaos.faults}. */
  String option() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The kind of this name. */
  static FaultKind of(String option) {
    return Arrays.stream(values())
        .filter(kind -> kind.option().equals(option))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "chaos.faults: there is no fault '%s'; choose from %s"
                        .formatted(
                            option,
                            Arrays.stream(values())
                                .map(FaultKind::option)
                                .collect(Collectors.joining(",")))));
  }
}
