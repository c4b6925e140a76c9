package dev.outbox.local.demo;

import dev.outbox.local.PostgresServer;

/** Commands for another terminal, complete, so that they can be copied. */
final class ThingsToTry {

  private final DemoStack stack;
  private final DemoOptions options;
  private final String orderId;

  ThingsToTry(DemoStack stack, DemoOptions options, String orderId) {
    this.stack = stack;
    this.options = options;
    this.orderId = orderId;
  }

  void show(Screen screen) {
    screen.note("Everything stays up, and what you cause appears below. In another terminal:");
    screen.note("");
    screen.toTry(
        "Place an order; the answer holds its id",
        "curl -i %s/orders -H 'content-type: application/json' \\"
            .formatted(stack.orderService().url()),
        "  -d '{\"userId\":\"you\",\"productId\":\"tea\",\"quantity\":1}'");
    screen.toTry(
        "Look at an order, and at what the orders did to the stock",
        "curl %s/orders/%s".formatted(stack.orderService().url(), orderId),
        "curl %s/stock/tea".formatted(stack.orderService().url()));
    screen.toTry(
        "Write an event without any library: a row is enough",
        "PGPASSWORD=%s psql -h %s -p %d -U %s %s <<'SQL'"
            .formatted(
                stack.roles().service().password(),
                postgres().host(),
                postgres().port(),
                stack.roles().service().role(),
                DemoDatabase.NAME),
        """
        insert into outbox_event (id, aggregatetype, aggregateid, type, payload)
        select gen_random_uuid(), 'Order', o, 'OrderPlaced', convert_to(format(
          '{"orderId":"%s","lines":[{"lineItemId":"%s",'
          '"productId":"tea","quantity":2}]}', o, o), 'UTF8') from gen_random_uuid() o;
        SQL""");
    screen.toTry(
        "See how the relay is and how far it is",
        "curl %s/actuator/health".formatted(stack.relay().url()),
        "java -jar %s status \\".formatted(options.relayJar()),
        "  " + String.join(" \\\n  ", stack.relaySettings()));
    screen.toTry(
        "The relay's console; %s may act in it, with this password".formatted(DemoStack.OPERATOR),
        "%s/   %s".formatted(stack.relay().url(), stack.operatorPassword()));
    screen.toTry(
        "Do harm without the page: kill-relay, stop-broker, restart-database,",
        "# retry-storm or replay",
        "curl -X POST -H 'Authorization: Bearer %s' \\".formatted(stack.control().token()),
        "  %s/kill-relay".formatted(stack.control().url()));
    screen.note("Ctrl-C stops everything.");
    screen.tableHead();
  }

  private PostgresServer postgres() {
    return stack.postgres();
  }
}
