package dev.outbox.writer;

import org.jspecify.annotations.Nullable;

/**
 * The outbox table is missing or unfit, or it could not be created; the message says the remedy.
 */
public final class OutboxSchemaException extends OutboxException {

  private static final long serialVersionUID = 1L;

  static final String MIGRATE_BY_HAND =
      "apply docs/sql/outbox_event.sql by hand and turn migration off (outbox.writer.migrate=false).";

  OutboxSchemaException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
