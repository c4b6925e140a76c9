package dev.outbox.relay.database;

import org.springframework.jdbc.core.simple.JdbcClient;

/** Guards the relay's own tables against an instance that has been replaced without knowing it. */
public interface Fence {

  /**
   * To be called first in each transaction that writes: as long as that transaction lasts no other
   * instance can begin to lead.
   *
   * @throws dev.outbox.relay.failure.RelayException when this instance may not write any more
   */
  void require(JdbcClient sql);
}
