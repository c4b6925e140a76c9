package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencySchema;
import dev.outbox.idempotency.http.IdempotencyTable;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.beans.factory.InitializingBean;

/** Makes or checks the table; the beans that use it depend on this one. */
record IdempotencyTableInitializer(
    IdempotencyProperties properties, IdempotencyTable table, DataSource dataSource)
    implements InitializingBean {

  @Override
  public void afterPropertiesSet() throws SQLException {
    if (properties.migrate()) {
      IdempotencySchema.migrate(dataSource, table);
    } else if (properties.check()) {
      IdempotencySchema.check(dataSource, table);
    }
  }
}
