package dev.outbox.relay.operations;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which rows are audited, by {@code created_at}.
 *
 * @param from the first moment; null begins with the oldest row
 * @param to rows from this moment on are left out; null takes all that are committed when the audit
 *     begins
 */
public record AuditRange(@Nullable Instant from, @Nullable Instant to) {

  /** Every row of the table. */
  public static final AuditRange ALL = new AuditRange(null, null);

  public AuditRange {
    if (from != null && to != null && !from.isBefore(to)) {
      throw new IllegalArgumentException("the range ends at %s, before %s".formatted(to, from));
    }
  }
}
