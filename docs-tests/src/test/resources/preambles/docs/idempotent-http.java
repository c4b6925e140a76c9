abstract class Given {
  DataSource dataSource;
  Orders orders;
  Provider provider;
  Payments payments;
  Reservation reservation;
  Pay command;
  IncomingRequest incomingRequest;

  abstract Optional<Cart> cartOf(IncomingRequest request);

  abstract StoredResponse place(Connection connection, Pay command) throws SQLException;
}

record Order(String id) {}

record PlaceOrder(String product) {}

record Cart(String id, String version) {}

record Pay(String amount) {}

record Payment(long id, String amount, String charge) {
  boolean isFor(Pay command) {
    return amount.equals(command.amount());
  }
}

interface Orders {
  Order place(PlaceOrder command);

  Order checkout(Cart cart);
}

interface Provider {
  String charge(Pay command, String idempotencyKey);
}

interface Payments {
  byte[] book(Connection connection, String charge) throws SQLException;

  Payment find(byte[] id);

  Payment once(String intent, Pay command, String charge);
}
