package dev.outbox.relay.web;

import org.springframework.context.ApplicationContext;
import org.springframework.context.event.ApplicationContextEvent;

/** The outbox has another number of shards than the application was started for. */
final class DivisionChanged extends ApplicationContextEvent {
  private static final long serialVersionUID = 1L;

  private final int shards;

  DivisionChanged(ApplicationContext source, int shards) {
    super(source);
    this.shards = shards;
  }

  int shards() {
    return shards;
  }
}
