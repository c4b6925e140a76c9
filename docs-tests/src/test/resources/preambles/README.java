abstract class Given {
  DataSource dataSource;
  Connection connection;
  Orders orders;
  OutboxWriter outbox;
  EventSerializer<Object> json;
  Shipments shipments;
  String id;
  String source;
  String eventId;
  byte[] payload;
}

record Order(String id, String product, int quantity) {}

record PlaceOrder(String product, int quantity) {}

interface Orders {
  void save(Order order);

  Order place(PlaceOrder wish);
}

interface Shipments {
  void plan(Connection connection, byte[] payload) throws SQLException;
}
