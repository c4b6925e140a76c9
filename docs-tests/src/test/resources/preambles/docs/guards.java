import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;

abstract class Given {
  DataSource dataSource;
  Connection connection;
  RedisClient redisClient;
  String userId;
  long orderId;
  String paymentId;
  OrderTable orders;
  Order order;
  Carrier carrier;
  Shipments shipments;
}

record Order(String status, String paymentId) {}

record Label(String text) {}

interface OrderTable {
  void insert(Connection connection, Order order) throws SQLException;
}

interface Carrier {
  Label label(Order order);
}

interface Shipments {
  boolean insertOnce(long orderId, Label label);
}
