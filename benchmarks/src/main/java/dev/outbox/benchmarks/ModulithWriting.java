package dev.outbox.benchmarks;

import java.sql.SQLException;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.springframework.boot.Banner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.modulith.events.core.EventPublicationRegistry;
import org.springframework.modulith.events.core.PublicationTargetIdentifier;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Spring Modulith's registry of event publications, with one listener to publish to. */
final class ModulithWriting implements EventWriting {

  private static final PublicationTargetIdentifier LISTENER =
      PublicationTargetIdentifier.of("dev.outbox.benchmarks.Listener.on(OrderPlaced)");

  private final DataSource dataSource;
  private final ConfigurableApplicationContext context;
  private final TransactionTemplate transactions;
  private final EventPublicationRegistry registry;

  /** Everything that the class path has for it. */
  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Application {}

  ModulithWriting(DataSource dataSource) {
    this.dataSource = dataSource;
    context =
        new SpringApplicationBuilder(Application.class)
            .web(WebApplicationType.NONE)
            .bannerMode(Banner.Mode.OFF)
            .logStartupInfo(false)
            .properties(
                "spring.modulith.events.jdbc.schema-initialization.enabled=true",
                "outbox.writer.enabled=false",
                "outbox.inbox.enabled=false")
            .initializers(
                starting ->
                    ((GenericApplicationContext) starting)
                        .registerBean(DataSource.class, () -> dataSource))
            .run();
    transactions = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
    registry = context.getBean(EventPublicationRegistry.class);
  }

  @Override
  public String name() {
    return "Spring Modulith";
  }

  @Override
  public void placeOrder(int events) {
    transactions.executeWithoutResult(
        status -> {
          long order = place();
          for (int i = 0; i < events; i++) {
            var unused = registry.store(OrderPlaced.of(order, i), Stream.of(LISTENER));
          }
        });
  }

  private long place() {
    try {
      return Orders.place(DataSourceUtils.getConnection(dataSource));
    } catch (SQLException e) {
      throw new BenchmarkException("Cannot place an order", e);
    }
  }

  @Override
  public void close() {
    // Else the registry would read all of them once more, to log that nobody has processed them.
    context.getBean(JdbcTemplate.class).execute("truncate event_publication");
    context.close();
  }
}
