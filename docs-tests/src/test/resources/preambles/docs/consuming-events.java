abstract class Given {
  DataSource dataSource;
  Connection connection;
  Shipments shipments;
  InboxRunnerBuilder builder;
  DeadLetter letter;
  String source;
  String eventId;
  byte[] payload;
}

interface Shipments {
  void plan(Connection connection, byte[] payload) throws SQLException;

  void plan(String payload);
}
