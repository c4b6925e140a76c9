package dev.outbox.demo.orders;

import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Tells what happens to orders: to other services by events, to people by the timeline. */
@Component
public class OrderEvents {

  static final String AGGREGATE_TYPE = "Order";

  private final OutboxWriter outbox;
  private final JdbcClient database;
  private final JsonMapper json;

  OrderEvents(OutboxWriter outbox, JdbcClient database, JsonMapper json) {
    this.outbox = outbox;
    this.database = database;
    this.json = json;
  }

  void placed(OrderPlaced event) {
    outbox.append(
        OutboxEvent.of(
            AGGREGATE_TYPE,
            event.orderId().toString(),
            OrderPlaced.TYPE,
            json.writeValueAsBytes(event)));
    note(event.orderId(), OrderPlaced.TYPE, event.total().toString());
  }

  /**
   * Writes the event of a change that an order sees once in its life, into the transaction of the
   * change. Its id comes from the order, so a change that is made again meets its own event.
   *
   * @param type such as {@code OrderDispatched}
   * @param more members of the payload beside {@code orderId} and {@code userId}
   * @param detail for the timeline
   */
  public void once(UUID orderId, String userId, String type, Map<String, ?> more, String detail) {
    Map<String, Object> payload = new LinkedHashMap<>();
    payload.put("orderId", orderId);
    payload.put("userId", userId);
    payload.putAll(more);
    outbox.append(
        OutboxEvent.of(AGGREGATE_TYPE, orderId.toString(), type, json.writeValueAsBytes(payload))
            .withBusinessKey(orderId.toString()));
    note(orderId, type, detail);
  }

  /** Keeps what is worth knowing of an order; the same again changes nothing. */
  public void note(UUID orderId, String what, String detail) {
    database
        .sql(
            """
            insert into order_timeline (order_id, what, detail) values (?, ?, ?)
            on conflict (order_id, what, detail) do nothing
            """)
        .params(orderId, what, detail)
        .update();
  }

  /** Keeps it unless the timeline has an entry of that name. */
  public void noteFirst(UUID orderId, String what, String detail) {
    database
        .sql(
            """
            insert into order_timeline (order_id, what, detail)
            select :order, :what, :detail
            where not exists
              (select from order_timeline where order_id = :order and what = :what)
            on conflict (order_id, what, detail) do nothing
            """)
        .param("order", orderId)
        .param("what", what)
        .param("detail", detail)
        .update();
  }
}
