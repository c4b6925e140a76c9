package dev.outbox.idempotency.inbox;

import java.sql.Connection;
import java.util.concurrent.CountDownLatch;

/** Applies the effect and stays inside the handler until released. */
final class HeldHandler implements EventHandler {

  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);

  @Override
  public void handle(Connection connection, ReceivedEvent event) throws Exception {
    Effects.insert(connection, event);
    entered.countDown();
    gate.await();
  }

  void awaitEntered() throws InterruptedException {
    entered.await();
  }

  void release() {
    gate.countDown();
  }
}
