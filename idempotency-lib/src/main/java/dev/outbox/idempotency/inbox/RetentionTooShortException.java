package dev.outbox.idempotency.inbox;

import java.util.List;

/** Markers would expire before the last redelivery of their events; the message has the values. */
public final class RetentionTooShortException extends IllegalStateException {

  private static final long serialVersionUID = 1L;

  RetentionTooShortException(String consumer, List<String> findings) {
    super(
        "Markers of consumer '%s' would expire while their events can still come again, and then"
                .formatted(consumer)
            + " take effect twice. "
            + String.join(". ", findings));
  }
}
