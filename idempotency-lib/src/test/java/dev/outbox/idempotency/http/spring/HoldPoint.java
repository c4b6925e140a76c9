package dev.outbox.idempotency.http.spring;

import java.util.concurrent.CountDownLatch;

/** Stops a process at one place, and there it waits for its end. */
record HoldPoint(Place place) {

  static final String REACHED = "hold point reached";

  enum Place {
    NOWHERE,
    ROW_WRITTEN,
    COMMITTED_BEFORE_ANSWER,
    CHARGED
  }

  void at(Place here) {
    if (here == place) {
      System.out.println(REACHED);
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Tells which process did something. */
  String name() {
    return place + " ";
  }
}
