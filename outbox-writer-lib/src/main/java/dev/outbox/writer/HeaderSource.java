package dev.outbox.writer;

import java.util.Map;

/**
 * Gives events headers that the code which makes them does not know of, such as the trace context
 * or the tenant of the current request.
 *
 * <p>Asked once for each event when it is appended, on the appending thread. Headers that the event
 * has already are left as they are, so the caller's own win. What a source throws fails the append
 * and nothing is written; the transaction is usable.
 */
@FunctionalInterface
public interface HeaderSource {

  /**
   * The headers for this event; empty if there are none.
   *
   * @param event as the caller made it, with the headers of the sources before this one
   */
  Map<String, String> headersFor(OutboxEvent event);
}
