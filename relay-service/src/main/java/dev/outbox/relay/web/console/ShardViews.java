package dev.outbox.relay.web.console;

import dev.outbox.relay.ShardedRelay;
import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.web.console.StatusReport.Grade;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** What the console shows of each shard; of the only one where the outbox is not divided. */
final class ShardViews implements AutoCloseable {

  private final List<View> views;

  ShardViews(ShardedRelay relay, ShownSettings shown) {
    this.views =
        relay.parts().stream()
            .map(
                part -> {
                  Observation observation =
                      new Observation(part.relay(), part.metrics(), part.settings(), shown);
                  return new View(
                      part.settings().shard().index(),
                      observation,
                      new StatusReport(part.relay(), part.settings(), shown, observation));
                })
            .collect(Collectors.toUnmodifiableList());
  }

  /**
   * One shard.
   *
   * @param shard its number
   * @param observation what is looked at
   * @param report how it is
   */
  record View(int shard, Observation observation, StatusReport report) {}

  /**
   * How a shard is, among the others.
   *
   * @param shard its number
   * @param state what this instance does for it
   * @param grade how good that is
   */
  record Summary(int shard, String state, Grade grade) {}

  /** Begins to look. Once. */
  void start() {
    views.forEach(view -> view.observation().start());
  }

  /**
   * One of them; somebody watches it now.
   *
   * @param shard its number; any other number is that in the worst condition
   */
  View watched(int shard) {
    View view =
        views.stream().filter(one -> one.shard() == shard).findFirst().orElseGet(this::worst);
    view.observation().watched();
    return view;
  }

  private View worst() {
    return views.stream()
        .max(
            Comparator.comparing((View view) -> view.report().now().verdict().grade())
                .thenComparing(View::shard, Comparator.reverseOrder()))
        .orElseThrow();
  }

  /** All shards; none where the outbox is not divided. */
  List<Summary> summaries() {
    return views.size() == 1
        ? List.of()
        : views.stream()
            .map(
                view -> {
                  StatusReport.Status now = view.report().now();
                  return new Summary(view.shard(), now.state(), now.verdict().grade());
                })
            .toList();
  }

  @Override
  public void close() {
    views.forEach(view -> view.observation().close());
  }
}
