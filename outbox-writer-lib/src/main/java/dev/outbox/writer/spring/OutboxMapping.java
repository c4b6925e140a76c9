package dev.outbox.writer.spring;

import dev.outbox.writer.OutboxEvent;
import dev.outbox.writer.OutboxWriter;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Says what a domain event is in the outbox. As a bean it makes every object of this type that is
 * published by Spring's {@code ApplicationEventPublisher}, also by Spring Data's {@code
 * AbstractAggregateRoot}, an event of the outbox:
 *
 * <pre>{@code
 * @Bean
 * OutboxMapping<OrderPlaced> orderPlaced(EventSerializer<Object> json) {
 *   return OutboxMapping.of(
 *       OrderPlaced.class,
 *       placed -> OutboxEvent.of("Order", placed.orderId(), "OrderPlaced", placed, json));
 * }
 * }</pre>
 *
 * <p>It is appended at once, on the publishing thread and before other listeners, so in the order
 * of publication, also between direct appends, and it shares the fate of the savepoint in which it
 * is published. The alternative, to collect events and append them before the commit, would spare
 * round trips; but it would write what a rolled back savepoint has undone, and report errors far
 * from their cause. Who wants it for some type, because the mapping needs what the transaction does
 * later, appends in a {@code @TransactionalEventListener(phase = BEFORE_COMMIT)} instead of using a
 * mapping, and should know that Spring drops such an event in silence where no transaction is.
 *
 * <p>Published outside of a transaction, the event is refused with {@link
 * dev.outbox.writer.NoTransactionException}. If the mapping or the append fails, {@code
 * publishEvent} throws and the transaction can no longer be committed, even if the exception is
 * caught on the way: no business change without its event.
 *
 * <p>A mapping is for its type and all subtypes; of several that fit, the most specific one is used
 * alone. Events without a mapping are not for the outbox.
 *
 * @param <E> the type of domain event
 */
public final class OutboxMapping<E> {

  private final Class<E> type;
  private final Function<? super E, List<OutboxEvent>> mapping;
  private final Optional<OutboxWriter> writer;

  private OutboxMapping(
      Class<E> type,
      Function<? super E, List<OutboxEvent>> mapping,
      Optional<OutboxWriter> writer) {
    this.type = type;
    this.mapping = mapping;
    this.writer = writer;
  }

  /**
   * Each domain event is one event of the outbox.
   *
   * @param mapping called on the publishing thread; what it throws fails the transaction
   */
  public static <E> OutboxMapping<E> of(Class<E> type, Function<? super E, OutboxEvent> mapping) {
    return ofSeveral(type, mapping.andThen(List::of));
  }

  /**
   * Each domain event is any number of events of the outbox; an empty list appends nothing.
   *
   * @param mapping called on the publishing thread; what it throws fails the transaction
   */
  public static <E> OutboxMapping<E> ofSeveral(
      Class<E> type, Function<? super E, List<OutboxEvent>> mapping) {
    return new OutboxMapping<>(type, mapping, Optional.empty());
  }

  /** This mapping for another outbox than the application's default one. */
  public OutboxMapping<E> into(OutboxWriter otherWriter) {
    return new OutboxMapping<>(type, mapping, Optional.of(otherWriter));
  }

  /** The type it is for, with all subtypes. */
  public Class<E> type() {
    return type;
  }

  void append(Object domainEvent, OutboxWriter defaultWriter) {
    writer.orElse(defaultWriter).append(mapping.apply(type.cast(domainEvent)));
  }

  @Override
  public String toString() {
    return "OutboxMapping[" + type.getName() + "]";
  }
}
