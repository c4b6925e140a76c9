package dev.outbox.idempotency.inbox.spring;

import dev.outbox.idempotency.inbox.InboxSchema;
import dev.outbox.idempotency.inbox.InboxTable;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.beans.factory.InitializingBean;

/** Makes or checks the table; the beans that use it depend on this one. */
record InboxTableInitializer(InboxProperties properties, InboxTable table, DataSource dataSource)
    implements InitializingBean {

  @Override
  public void afterPropertiesSet() throws SQLException {
    if (properties.migrate()) {
      InboxSchema.migrate(dataSource, table);
    } else if (properties.check()) {
      InboxSchema.check(dataSource, table);
    }
  }
}
