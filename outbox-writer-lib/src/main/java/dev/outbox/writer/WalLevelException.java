package dev.outbox.writer;

/**
 * Events were to be written into the log of a server that does not log logically: they would never
 * reach the relay. Nothing was written; an operator must change the server's setting.
 */
public final class WalLevelException extends OutboxException {

  private static final long serialVersionUID = 1L;

  private WalLevelException(String message) {
    super(message, null);
  }

  static void throwUnlessLogical(String walLevel, String outbox) {
    if (!walLevel.equals("logical")) {
      throw new WalLevelException(
          "Cannot append to the %s: the server runs with wal_level=%s, which delivers no messages. Set wal_level=logical in postgresql.conf and restart the server, or write to the table (JdbcOutbox.withTable, outbox.writer.medium=table)."
              .formatted(outbox, walLevel));
    }
  }
}
