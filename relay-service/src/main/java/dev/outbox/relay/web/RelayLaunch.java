package dev.outbox.relay.web;

import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;

/**
 * Starts the application, and starts it anew in the same process when the outbox is divided into
 * another number of shards: health, metrics and console are made of shards, and begin anew with
 * them.
 */
public final class RelayLaunch {

  private static final Logger LOG = LoggerFactory.getLogger(RelayLaunch.class);

  private final List<String> arguments;

  /**
   * @param arguments of the command line
   */
  public RelayLaunch(List<String> arguments) {
    this.arguments = List.copyOf(arguments);
  }

  /** Returns when the application is up. */
  public void start() {
    start(Map.of());
  }

  private void start(Map<String, Object> overriding) {
    SpringApplication application = new SpringApplication(RelayServer.class);
    application.addInitializers(
        context ->
            context
                .getEnvironment()
                .getPropertySources()
                .addFirst(new MapPropertySource("number of shards", overriding)));
    application.addListeners(new EarlyWarmUp());
    application.addListeners(new Anew());
    var unused = application.run(arguments.toArray(String[]::new));
  }

  private final class Anew implements ApplicationListener<DivisionChanged> {

    /** On a thread that keeps the process alive while there is no application. */
    @Override
    public void onApplicationEvent(DivisionChanged change) {
      Thread thread = new Thread(() -> startAnew(change), "outbox-relay-anew");
      thread.setDaemon(false); // the thread that tells of the change is one
      thread.start();
    }
  }

  private void startAnew(DivisionChanged change) {
    try {
      ((ConfigurableApplicationContext) change.getApplicationContext()).close();
      start(Map.of("outbox.relay.shards", change.shards()));
    } catch (RuntimeException e) {
      LOG.atError().setCause(e).log("The relay could not begin anew; it ends");
      System.exit(1);
    }
  }
}
