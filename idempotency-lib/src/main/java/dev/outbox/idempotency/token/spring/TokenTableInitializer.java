package dev.outbox.idempotency.token.spring;

import dev.outbox.idempotency.token.TokenSchema;
import dev.outbox.idempotency.token.TokenTable;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.beans.factory.InitializingBean;

/** Makes or checks the table; the beans that use it depend on this one. */
record TokenTableInitializer(TokenProperties properties, TokenTable table, DataSource dataSource)
    implements InitializingBean {

  @Override
  public void afterPropertiesSet() throws SQLException {
    if (properties.migrate()) {
      TokenSchema.migrate(dataSource, table);
    } else if (properties.check()) {
      TokenSchema.check(dataSource, table);
    }
  }
}
