package dev.outbox.relay.chaos;

import dev.outbox.relay.config.RelaySettings.Delivery;
import java.time.Duration;
import java.util.Map;

/**
 * The summary of a run in which everything held.
 *
 * @param mode what the relays promised
 * @param shards into how many shards the outbox was divided
 * @param instances how many relays there were
 * @param seed of the run
 * @param elapsed from the first fault to the last judgement
 * @param calms how often everything was compared
 * @param faults how often each kind was injected
 * @param relays what the relays did
 * @param events events committed, arrived and applied
 * @param records records on the topics
 * @param republished those published again on purpose after a gap
 * @param delays from commit to topic
 * @param versions of the servers
 */
record ChaosReport(
    Delivery mode,
    int shards,
    int instances,
    long seed,
    Duration elapsed,
    int calms,
    Map<FaultKind, Integer> faults,
    RelayLogs relays,
    long events,
    long records,
    long republished,
    Delays delays,
    String versions) {

  /** All violations end a run, so a report has none. */
  String markdown() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        # Chaos: %s%s

        %d faults in %s, seed %d. Everything was compared %d times: all servers and relays up, \
        writers paused.

        | | |
        |---|---|
        | events committed | %,d |
        | records on the topics | %,d |
        | repeats on the topics | %,d |
        | of these published again on purpose after a gap | %,d |
        | **events lost** | **0** |
        | **order inversions** | **0** |
        | **effects missing** | **0** |
        | **effects doubled** | **0** |
        | runs begun by a relay | %,d |
        | takeovers by another relay | %,d |
        | recoveries from a gap | %,d |
        | commit to topic, median | %s |
        | commit to topic, 99 %% | %s |
        | commit to topic, longest | %s |

        | fault | times |
        |---|---|
        """
            .formatted(
                ChaosOptions.text(mode),
                shards == 1 ? "" : ", %d shards, %d relays".formatted(shards, instances),
                faults.values().stream().mapToInt(Integer::intValue).sum(),
                seconds(elapsed),
                seed,
                calms,
                events,
                records,
                records - events,
                republished,
                relays.runs(),
                relays.takeovers(),
                relays.recoveries(),
                seconds(delays.quantile(0.5)),
                seconds(delays.quantile(0.99)),
                seconds(delays.quantile(1))));
    faults.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(
            fault ->
                text.append("| %s | %d |%n".formatted(fault.getKey().title(), fault.getValue())));
    text.append(System.lineSeparator())
        .append(versions)
        .append("; Java %s on %s, ".formatted(Runtime.version(), System.getProperty("os.name")))
        .append(
            "%d cores that servers, relays, writers, consumer and judge share."
                .formatted(Runtime.getRuntime().availableProcessors()))
        .append(System.lineSeparator());
    return text.toString();
  }

  private static String seconds(Duration duration) {
    return "%,.3f s".formatted(duration.toMillis() / 1e3);
  }
}
