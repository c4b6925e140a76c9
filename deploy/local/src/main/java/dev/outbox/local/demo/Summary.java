package dev.outbox.local.demo;

/**
 * What came of the orders.
 *
 * @param orders how many were accepted
 * @param published how many of them stand on the topic
 * @param applied how many of them are booked in the ledger
 * @param duplicates records that repeat an event on the topic, and bookings beyond one per order
 */
record Summary(int orders, int published, int applied, int duplicates) {

  /** Orders without an effect. */
  int lost() {
    return orders - applied;
  }

  boolean isRight() {
    return published == orders && applied == orders && duplicates == 0;
  }

  String text() {
    return "%s, %s published, %s applied, %s, %d lost: %s"
        .formatted(
            count(orders, "order"),
            count(published, "event"),
            count(applied, "effect"),
            count(duplicates, "duplicate"),
            lost(),
            isRight() ? "OK" : "NOT OK");
  }

  private static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }
}
