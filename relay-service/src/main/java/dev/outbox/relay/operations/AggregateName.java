package dev.outbox.relay.operations;

import java.util.Optional;

/**
 * An aggregate as people name it, {@code Order/42}.
 *
 * @param type the aggregate type
 * @param id the aggregate ID; may contain slashes
 */
public record AggregateName(String type, String id) {

  /** The aggregate of that name; empty when the text is not TYPE/ID. */
  public static Optional<AggregateName> parse(String text) {
    int slash = text.indexOf('/');
    return slash < 1
        ? Optional.empty()
        : Optional.of(new AggregateName(text.substring(0, slash), text.substring(slash + 1)));
  }
}
