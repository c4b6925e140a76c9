// For documents that have no preamble of their own.
abstract class Given {
  DataSource dataSource;
  Connection connection;
  JdbcClient jdbc;
  OutboxWriter outbox;
  EventSerializer<Object> json;
}
