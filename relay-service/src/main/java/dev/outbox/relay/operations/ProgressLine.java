package dev.outbox.relay.operations;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Says every few seconds how far something is; nothing while it is quick. For one thread. */
final class ProgressLine {

  private static final Duration EVERY = Duration.ofSeconds(3);

  private final Consumer<String> out;
  private long said = System.nanoTime();

  ProgressLine(Consumer<String> out) {
    this.out = out;
  }

  void at(Supplier<String> place) {
    long now = System.nanoTime();
    if (now - said >= EVERY.toNanos()) {
      said = now;
      out.accept(place.get());
    }
  }
}
