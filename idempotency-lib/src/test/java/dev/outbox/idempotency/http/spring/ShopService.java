package dev.outbox.idempotency.http.spring;

import java.util.Objects;
import java.util.UUID;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.Transactional;

/** Writes orders and their events, as any service does: it knows nothing of keys. */
class ShopService {

  private final JdbcTemplate jdbc;

  ShopService(JdbcTemplate jdbc) {
    this.jdbc = jdbc;
  }

  @Transactional
  public long place(String item) {
    Long id =
        jdbc.queryForObject(
            "insert into customer_order (item) values (?) returning id", Long.class, item);
    jdbc.update(
        """
        insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
        values (?, 'Order', ?, 'OrderPlaced', '{}')
        """,
        UUID.randomUUID(),
        String.valueOf(id));
    return Objects.requireNonNull(id);
  }

  @Transactional
  public void placeAndRefuse(String item) {
    place(item);
    throw new RefusedException();
  }

  @Transactional
  public void placeAndLoseTheConnection(String item) {
    place(item);
    jdbc.execute("select pg_terminate_backend(pg_backend_pid())");
  }

  /** A business rule that is not met. */
  static final class RefusedException extends RuntimeException {

    private static final long serialVersionUID = 1L;
  }
}
