package dev.outbox.local.demo;

import dev.outbox.local.demo.DemoDatabase.Effect;
import dev.outbox.local.demo.TopicWatch.Published;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Follows events from their row over the topic to their effect. For one thread. */
final class Tracing implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration PATIENCE_WITH_GUESTS = Duration.ofSeconds(5);
  private static final String CONSUMER = "stock";
  private static final String ORDER_PLACED = "OrderPlaced";

  private final DemoStack stack;
  private final DemoDatabase database;
  private final Screen screen;
  private final TopicWatch topics;
  private final Set<String> seen = new HashSet<>();
  private final Map<String, Published> placed = new HashMap<>();
  private final Map<String, Published> orderEvents = new LinkedHashMap<>();
  private int duplicates;
  private String lastOrderId = "";

  Tracing(DemoStack stack, Screen screen) {
    this.stack = stack;
    this.database = stack.database();
    this.screen = screen;
    this.topics = new TopicWatch(stack.kafka().bootstrapServers());
  }

  /** Places orders one after the other, shows the way of each, and then repeats an event. */
  Summary placeOrders(int orders) {
    OrderClient client = stack.orderClient();
    int applied = 0;
    screen.tableHead();
    for (int number = 0; number < orders; number++) {
      PlacedOrder order = client.place(number);
      lastOrderId = order.id();
      Optional<Published> published = awaitPublished(order.id());
      if (published.isEmpty()) {
        screen.lost(order.id(), "is not on the topic after %d s".formatted(PATIENCE.toSeconds()));
        continue;
      }
      Trace trace = trace(published.get(), Optional.of(order.askedAt()), PATIENCE);
      screen.trace(trace);
      applied += trace.effect().isPresent() ? 1 : 0;
      duplicates += trace.effect().map(Effect::bookings).orElse(1) - 1;
    }
    orderEvents.values().stream().findFirst().ifPresent(this::repeat);
    screen.note("");
    screen.aside(" Each time runs from the one before it to the commit in PostgreSQL, or to the");
    screen.aside(" append in Kafka. The first event finds every process cold.");
    return new Summary(orders, orderEvents.size(), applied, duplicates);
  }

  String lastOrderId() {
    return lastOrderId;
  }

  /** Shows the events that the reader causes, until a service ends. */
  void showWhatComes() {
    while (true) {
      for (Published published : topics.poll()) {
        if (seen.add(published.eventId())) {
          Duration limit =
              published.type().equals(ORDER_PLACED) ? PATIENCE_WITH_GUESTS : Duration.ZERO;
          screen.trace(trace(published, Optional.empty(), limit));
        } else {
          screen.repeated(published.aggregateId(), published.place(), "seen before");
        }
      }
      stack.requireAlive();
    }
  }

  private Optional<Published> awaitPublished(String orderId) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!placed.containsKey(orderId) && System.nanoTime() < deadline) {
      for (Published published : topics.poll()) {
        // Others may be using the page meanwhile, and these are not their orders.
        boolean first = seen.add(published.eventId());
        if (first && published.type().equals(ORDER_PLACED)) {
          placed.put(published.aggregateId(), published);
        } else if (!first && orderEvents.containsKey(published.aggregateId())) {
          duplicates++;
        }
      }
      stack.requireAlive();
    }
    Optional<Published> published = Optional.ofNullable(placed.get(orderId));
    published.ifPresent(event -> orderEvents.put(orderId, event));
    return published;
  }

  private Trace trace(Published published, Optional<Instant> askedAt, Duration effectLimit) {
    return new Trace(
        published,
        askedAt,
        database.row(published.eventId()),
        database.awaitEffect(published.eventId(), effectLimit));
  }

  /** What a relay does after a crash; the consumer has to notice. */
  private void repeat(Published published) {
    Optional<Effect> before = database.effect(published.eventId());
    RecordMetadata repeated = topics.repeat(published);
    if (!topics.awaitConsumed(CONSUMER, repeated, PATIENCE)) {
      throw new DemoException(
          "The order service has not consumed the repeated event after %d s"
              .formatted(PATIENCE.toSeconds()));
    }
    boolean once = database.effect(published.eventId()).equals(before);
    duplicates += once ? 0 : 1;
    screen.repeated(
        published.aggregateId(),
        Published.place(repeated.partition(), repeated.offset()),
        once ? "known, no effect" : "took effect again");
    // It is on the topic for this consumer too, and told already.
    while (topics.poll().isEmpty()) {
      stack.requireAlive();
    }
  }

  @Override
  public void close() {
    topics.close();
  }
}
