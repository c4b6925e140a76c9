package dev.outbox.idempotency.inbox;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;

/** Counts what goes over the connections of a data source: marker statements and commits. */
final class StatementCount {

  final AtomicInteger markers = new AtomicInteger();
  final AtomicInteger commits = new AtomicInteger();

  DataSource over(DataSource dataSource) {
    return wrap(
        DataSource.class,
        dataSource,
        (name, arguments, result) ->
            result instanceof Connection connection ? over(connection) : result);
  }

  Connection over(Connection connection) {
    return wrap(
        Connection.class,
        connection,
        (name, arguments, result) -> {
          if (name.equals("commit")) {
            commits.incrementAndGet();
          }
          return result instanceof PreparedStatement statement
                  && String.valueOf(arguments[0]).contains("insert into \"inbox_event\"")
              ? over(statement)
              : result;
        });
  }

  private PreparedStatement over(PreparedStatement statement) {
    return wrap(
        PreparedStatement.class,
        statement,
        (name, arguments, result) -> {
          if (name.startsWith("execute") || name.equals("addBatch")) {
            markers.incrementAndGet();
          }
          return result;
        });
  }

  private interface After {
    Object replace(String method, Object[] arguments, Object result);
  }

  private static <T> T wrap(Class<T> type, T target, After after) {
    InvocationHandler handler =
        (proxy, method, arguments) -> {
          try {
            return after.replace(method.getName(), arguments, method.invoke(target, arguments));
          } catch (InvocationTargetException e) {
            throw e.getTargetException();
          }
        };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
