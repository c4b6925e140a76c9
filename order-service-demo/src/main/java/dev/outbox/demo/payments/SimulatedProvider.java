package dev.outbox.demo.payments;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.springframework.stereotype.Component;

/**
 * Stands in for another company: it has books of its own, which the order service never reads, and
 * its own threads and transactions.
 */
@Component
class SimulatedProvider {

  private final ProviderBooks books;
  private final ProviderSettings settings;

  SimulatedProvider(ProviderBooks books, ProviderSettings settings) {
    this.books = books;
    this.settings = settings;
  }

  /**
   * @throws IllegalStateException when it behaves as one that fails
   */
  String charge(Charge charge, String key, Behaviour behaviour) throws InterruptedException {
    boolean first = books.received(charge, key) == 1;
    if (first && behaviour == Behaviour.FAILING) {
      throw new IllegalStateException("Simulated failure");
    }
    String paymentId = books.chargeOnce(charge, key, behaviour);
    if (first && behaviour == Behaviour.SLOW) {
      pause(settings.slowFor());
    } else if (first && behaviour == Behaviour.LATE) {
      pause(settings.timeout().plus(settings.lateBy()));
    }
    return paymentId;
  }

  private static void pause(Duration time) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(time.toNanos());
  }
}
