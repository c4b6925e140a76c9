package dev.outbox.idempotency.jobs.spring;

import dev.outbox.idempotency.jobs.JobSchema;
import dev.outbox.idempotency.jobs.JobTable;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.beans.factory.InitializingBean;

/** Makes or checks the table; the beans that use it depend on this one. */
record JobTableInitializer(JobsProperties properties, JobTable table, DataSource dataSource)
    implements InitializingBean {

  @Override
  public void afterPropertiesSet() throws SQLException {
    if (properties.migrate()) {
      JobSchema.migrate(dataSource, table);
    } else if (properties.check()) {
      JobSchema.check(dataSource, table);
    }
  }
}
