package dev.outbox.relay.web.console;

import dev.outbox.relay.ShardedRelay;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.config.ShownSettings;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The console's parts. */
@Configuration(proxyBeanMethods = false)
@Import({ConsoleSecurity.class, ConsoleApi.class, ConsoleActions.class, ConsoleProblems.class})
public class ConsoleConfiguration {

  /** The name of the bean that listens to the log; it must be made before what writes there. */
  public static final String LISTENER = "recentErrors";

  @Bean
  ShownSettings shownSettings(RelaySettings settings) {
    return new ShownSettings(settings);
  }

  @Bean(name = LISTENER, initMethod = "listen")
  RecentErrors recentErrors(ShownSettings shown) {
    return new RecentErrors(shown);
  }

  @Bean(initMethod = "start")
  ShardViews shardViews(ShardedRelay relay, ShownSettings shown) {
    return new ShardViews(relay, shown);
  }

  @Bean
  Tasks tasks(ShownSettings shown) {
    return new Tasks(shown);
  }
}
