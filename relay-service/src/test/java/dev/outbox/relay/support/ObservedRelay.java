package dev.outbox.relay.support;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.outbox.relay.Relay;
import dev.outbox.relay.RelayState;
import dev.outbox.relay.RelayState.Failed;
import dev.outbox.relay.RelayState.Leading;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.metrics.RelayMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** A relay of this JVM that a test watches fail and recover. Closing it drains it. */
public final class ObservedRelay implements AutoCloseable {

  private final Relay relay;

  private ObservedRelay(Relay relay) {
    this.relay = relay;
  }

  /** Starts it; returns at once. */
  public static ObservedRelay start(RelaySettings settings) {
    Relay relay = new Relay(settings, new RelayMetrics(new SimpleMeterRegistry()));
    relay.start();
    return new ObservedRelay(relay);
  }

  public void awaitLeading() {
    await().atMost(PATIENCE).until(() -> relay.state() instanceof Leading);
  }

  /** Returns when it tells a failure with these words; that may be another than the first. */
  public RelayException awaitFailure(String words) {
    AtomicReference<@Nullable RelayException> told = new AtomicReference<>();
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              RelayState state = relay.state();
              assertThat(state).isInstanceOf(Failed.class);
              RelayException failure = ((Failed) state).failure();
              assertThat(failure.problem()).contains(words);
              told.set(failure);
            });
    return Objects.requireNonNull(told.get());
  }

  /** Whether it tells a failure with these words just now. */
  public boolean hasFailed(String words) {
    return relay.state() instanceof Failed failed && failed.failure().problem().contains(words);
  }

  @Override
  public void close() throws InterruptedException {
    relay.stop();
  }
}
