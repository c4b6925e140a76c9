package dev.outbox.relay.chaos;

import static dev.outbox.local.Patience.PATIENCE;

import dev.outbox.relay.config.RelaySettings.Delivery;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.boot.convert.DurationStyle;

/**
 * How a run is made; {@code docs/chaos/README.md} tells the properties.
 *
 * @param seed of the faults and of what the writers do
 * @param modes the delivery modes to run
 * @param kinds the faults to draw from
 * @param count how many faults
 * @param duration end the faults after this time even if there were fewer
 * @param patience how long arrival may take after all is repaired
 * @param shards into how many shards the outbox is divided
 * @param instances how many relays there are
 * @param report where to write the summary
 */
record ChaosOptions(
    long seed,
    Set<Delivery> modes,
    Set<FaultKind> kinds,
    int count,
    Duration duration,
    Duration patience,
    int shards,
    int instances,
    Optional<Path> report) {

  private static final int FEW = 8;
  private static final Duration FOREVER = Duration.ofDays(1);

  static ChaosOptions fromSystemProperties() {
    Optional<Duration> duration = property("duration").map(DurationStyle::detectAndParse);
    return new ChaosOptions(
        property("seed")
            .map(Long::parseLong)
            .orElseGet(() -> ThreadLocalRandom.current().nextLong(1_000_000_000)),
        set(List.of(Delivery.values()), "mode", ChaosOptions::mode),
        set(List.of(FaultKind.values()), "faults", FaultKind::of),
        property("faults.count")
            .map(Integer::parseInt)
            .orElse(duration.isPresent() ? Integer.MAX_VALUE : FEW),
        duration.orElse(FOREVER),
        property("patience").map(DurationStyle::detectAndParse).orElse(PATIENCE),
        1,
        2,
        property("report").map(Path::of));
  }

  /** The same with four shards and three relays; the summary gets another name. */
  ChaosOptions divided() {
    return new ChaosOptions(
        seed,
        modes,
        kinds,
        count,
        duration,
        patience,
        4,
        3,
        report.map(
            file ->
                file.resolveSibling(file.getFileName().toString().replace(".md", "-shards.md"))));
  }

  /** The mode as its setting writes it. */
  static String text(Delivery mode) {
    return mode.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Delivery mode(String text) {
    return Arrays.stream(Delivery.values())
        .filter(mode -> text(mode).equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "chaos.mode = '%s': give at-least-once or exactly-once".formatted(text)));
  }

  private static <T> Set<T> set(Collection<T> all, String name, Function<String, T> parse) {
    return property(name)
        .map(
            text ->
                Arrays.stream(text.split(","))
                    .map(String::strip)
                    .map(parse)
                    .collect(Collectors.toSet()))
        .orElse(Set.copyOf(all));
  }

  private static Optional<String> property(String name) {
    return Optional.ofNullable(System.getProperty("chaos." + name)).filter(text -> !text.isBlank());
  }
}
