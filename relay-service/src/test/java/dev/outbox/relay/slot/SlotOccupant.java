package dev.outbox.relay.slot;

import dev.outbox.relay.support.OutboxDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.PGReplicationStream;

/** Somebody else who streams from the relay's slot. */
final class SlotOccupant implements AutoCloseable {

  /** Kept, because the driver closes the socket of a connection that nobody refers to. */
  private final Connection connection;

  private final PGReplicationStream stream;

  private SlotOccupant(Connection connection, PGReplicationStream stream) {
    this.connection = connection;
    this.stream = stream;
  }

  static SlotOccupant of(OutboxDatabase database) throws SQLException {
    Properties properties = new Properties();
    PGProperty.USER.set(properties, database.roles().relay().role());
    PGProperty.PASSWORD.set(properties, database.roles().relay().password());
    PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
    PGProperty.REPLICATION.set(properties, "database");
    PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
    Connection connection = DriverManager.getConnection(database.url(), properties);
    PGReplicationStream stream =
        connection
            .unwrap(PGConnection.class)
            .getReplicationAPI()
            .replicationStream()
            .logical()
            .withSlotName(database.slot())
            .withSlotOption("proto_version", 1)
            .withSlotOption("publication_names", database.slot())
            .start();
    return new SlotOccupant(connection, stream);
  }

  @Override
  public void close() throws SQLException {
    stream.close();
    connection.close();
  }
}
