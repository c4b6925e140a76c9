package dev.outbox.relay.publishing;

import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.routing.RoutedRecord;
import java.util.Optional;

/**
 * Hands records to Kafka in order. Once a record has failed nothing more is sent, so that nothing
 * can overtake it, until {@link #restore} is called.
 *
 * <p>Belongs to one thread at a time; {@link #retries} may be asked and {@link #close} called by
 * any.
 */
public interface Publisher extends AutoCloseable {

  /**
   * Begins to publish, and keeps every instance that began before from it where the delivery mode
   * can. To be called once it is certain that this instance leads.
   *
   * @return up to where everything is on the topics already, if Kafka knows
   */
  Optional<SourcePosition> begin();

  /**
   * Hands a record over; returns when the producer has taken it. While brokers are away this waits:
   * the events behind must not overtake.
   */
  Handover publish(RoutedRecord record, Delivery delivery);

  /**
   * Ends a batch.
   *
   * @param through position of the last event that was handed over
   * @param underWay whether more of that event's transaction may come; a publisher that somebody
   *     else may stop behind any batch can keep back what it has of it, until the next call
   * @return false when the batch, or a part of it, failed; see {@link #restore}
   */
  boolean commit(SourcePosition through, boolean underWay);

  /**
   * Whether it keeps back all that is not acknowledged, so that nothing will be until {@link
   * #commit} is told that no more comes.
   */
  default boolean keepsAllBack() {
    return false;
  }

  /** Whether a record has failed since the last {@link #restore}. */
  boolean isBroken();

  /**
   * Makes ready to send again after a failure. Every record handed over and not acknowledged has
   * been told its failure when this returns.
   */
  void restore();

  /**
   * Nothing of this topic has been acknowledged for long: if the topic is gone, what waits for it
   * is given up, see {@link #isBroken}.
   */
  void stalled(String topic);

  /** Sends retried by the producer so far. */
  double retries();

  /** Closes within a second; what is not acknowledged is not sent any more. */
  @Override
  void close();
}
