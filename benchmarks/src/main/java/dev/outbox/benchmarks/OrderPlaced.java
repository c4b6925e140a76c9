package dev.outbox.benchmarks;

/**
 * The event of the measured business transaction.
 *
 * @param number among the events of its order
 * @param note fills it up
 */
record OrderPlaced(String orderId, int number, String note) {

  /** Size of its JSON, in bytes. */
  static final int JSON_BYTES = 500;

  private static final int WITHOUT_NOTE = new OrderPlaced("", 0, "").json().length() - 1;

  static OrderPlaced of(long order, int number) {
    String orderId = "order-" + order;
    int rest = JSON_BYTES - WITHOUT_NOTE - orderId.length() - String.valueOf(number).length();
    return new OrderPlaced(orderId, number, "x".repeat(rest));
  }

  String json() {
    return "{\"orderId\":\"" + orderId + "\",\"number\":" + number + ",\"note\":\"" + note + "\"}";
  }
}
