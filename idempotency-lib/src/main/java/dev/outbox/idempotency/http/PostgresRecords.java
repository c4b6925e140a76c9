package dev.outbox.idempotency.http;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The statements on the table, on a connection that somebody else owns. Time is the database's,
 * {@code clock_timestamp()}, because {@code now()} stands still within a transaction.
 */
final class PostgresRecords {

  private static final String AFTER_MILLIS = "clock_timestamp() + ? * interval '1 millisecond'";

  private final String limitWait;
  private final String insert;
  private final String find;
  private final String takeOver;
  private final String renew;
  private final String recordStep;
  private final String complete;
  private final String release;
  private final String deleteIfExpired;
  private final String deleteExpired;

  PostgresRecords(IdempotencyTable table) {
    String name = table.quoted();
    String held = " where id = ? and fence = ? and state = 'in_progress'";
    // The claim alone may not wait for long; the business statements after it get their own limit
    // back, in the round trip of the claim. Both limits end with the transaction.
    this.limitWait =
        """
        select set_config('outbox.lock_timeout', current_setting('lock_timeout'), true),
               set_config('lock_timeout', ?, true);
        """;
    // Only ON CONFLICT will do: catching a duplicate-key error leaves the transaction aborted.
    this.insert =
        """
        insert into %s
          (id, tenant, principal, endpoint, request_hash, state, lease_until, expires_at)
        values (?, ?, ?, ?, ?, 'in_progress', %s, %s)
        on conflict (id) do nothing
        returning fence, set_config('lock_timeout', current_setting('outbox.lock_timeout'), true)
        """
            .formatted(name, AFTER_MILLIS, AFTER_MILLIS);
    this.find =
        """
        select request_hash, state, coalesce(lease_until > clock_timestamp(), false) as leased,
               expires_at <= clock_timestamp() as expired, expires_at,
               response_status, response_headers, response_body
        from %s where id = ?
        """
            .formatted(name);
    this.takeOver =
        """
        update %s set fence = default, lease_until = %s
        where id = ? and state = 'in_progress' and request_hash = ?
          and coalesce(lease_until <= clock_timestamp(), true) and expires_at > clock_timestamp()
        returning fence, step_names, step_results,
                  set_config('lock_timeout', current_setting('outbox.lock_timeout'), true)
        """
            .formatted(name, AFTER_MILLIS);
    this.renew = "update %s set lease_until = %s".formatted(name, AFTER_MILLIS) + held;
    this.recordStep =
        """
        update %s set step_names = array_append(step_names, ?::text),
                      step_results = array_append(step_results, ?::bytea)
        """
                .formatted(name)
            + held;
    this.complete =
        """
        update %s set state = 'completed', lease_until = null, expires_at = %s,
                      response_status = ?, response_headers = ?, response_body = ?
        """
                .formatted(name, AFTER_MILLIS)
            + held
            + " returning expires_at";
    // A new fence, so that a renewal that is under way cannot bring the lease back.
    this.release =
        "update %s set lease_until = clock_timestamp(), fence = default".formatted(name) + held;
    String gone =
        "expires_at <= clock_timestamp() and coalesce(lease_until <= clock_timestamp(), true)";
    this.deleteIfExpired = "delete from %s where id = ? and %s".formatted(name, gone);
    this.deleteExpired =
        """
        delete from %s where id in (
          select id from %s where %s order by expires_at limit ? for update skip locked)
        """
            .formatted(name, name, gone);
  }

  /** For the rest of the transaction; SQLSTATE 55P03 when it takes longer. */
  void limitWait(Connection connection, Duration wait) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement("select set_config('lock_timeout', ?, true)")) {
      statement.setString(1, wait.toMillis() + "ms");
      statement.execute();
    }
  }

  /**
   * Make a record, or find that there is one. Waits for a transaction that is just making it.
   *
   * @param wait at most so long; SQLSTATE 55P03 after it, and the transaction is to be rolled back
   * @return the fence; empty when there is a record
   */
  Optional<Long> insert(Connection connection, ClaimRequest request, Duration lease, Duration wait)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(limitWait + insert)) {
      // 0 would be no limit at all.
      statement.setString(1, Math.max(1, wait.toMillis()) + "ms");
      statement.setBytes(2, request.id().bytes());
      statement.setString(3, request.scope().tenant().orElse(null));
      statement.setString(4, request.scope().principal().orElse(null));
      statement.setString(5, request.scope().endpoint());
      statement.setBytes(6, bytes(request.fingerprint()));
      statement.setLong(7, lease.toMillis());
      statement.setLong(8, request.window().toMillis());
      statement.execute();
      statement.getMoreResults();
      try (ResultSet inserted = statement.getResultSet()) {
        return inserted.next() ? Optional.of(inserted.getLong(1)) : Optional.empty();
      }
    }
  }

  /** The record, as far as it decides; empty when there is none that counts. */
  Optional<Found> find(Connection connection, ClaimRequest request) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(find)) {
      statement.setBytes(1, request.id().bytes());
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(found(row, request)) : Optional.empty();
      }
    }
  }

  /** Only in a transaction that has tried to {@link #insert}. */
  Optional<Claim.Claimed> takeOver(Connection connection, ClaimRequest request, Duration lease)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(takeOver)) {
      statement.setLong(1, lease.toMillis());
      statement.setBytes(2, request.id().bytes());
      statement.setBytes(3, bytes(request.fingerprint()));
      try (ResultSet row = statement.executeQuery()) {
        return row.next()
            ? Optional.of(new Claim.Claimed(row.getLong("fence"), steps(row)))
            : Optional.empty();
      }
    }
  }

  boolean renew(Connection connection, RecordId id, long fence, Duration lease)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(renew)) {
      statement.setLong(1, lease.toMillis());
      return updateHeld(statement, 2, id, fence);
    }
  }

  boolean recordStep(Connection connection, RecordId id, long fence, String step, byte[] result)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(recordStep)) {
      statement.setString(1, step);
      statement.setBytes(2, result);
      return updateHeld(statement, 3, id, fence);
    }
  }

  Optional<Instant> complete(
      Connection connection, RecordId id, long fence, StoredResponse response, Duration window)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(complete)) {
      statement.setLong(1, window.toMillis());
      statement.setInt(2, response.status());
      statement.setArray(3, headers(connection, response));
      statement.setBytes(4, response.body());
      statement.setBytes(5, id.bytes());
      statement.setLong(6, fence);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? Optional.of(instant(row)) : Optional.empty();
      }
    }
  }

  void release(Connection connection, RecordId id, long fence) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(release)) {
      updateHeld(statement, 1, id, fence);
    }
  }

  void deleteIfExpired(Connection connection, RecordId id) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(deleteIfExpired)) {
      statement.setBytes(1, id.bytes());
      statement.executeUpdate();
    }
  }

  int deleteExpired(Connection connection, int limit) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(deleteExpired)) {
      statement.setInt(1, limit);
      return statement.executeUpdate();
    }
  }

  private static boolean updateHeld(PreparedStatement statement, int from, RecordId id, long fence)
      throws SQLException {
    statement.setBytes(from, id.bytes());
    statement.setLong(from + 1, fence);
    return statement.executeUpdate() == 1;
  }

  private static Found found(ResultSet row, ClaimRequest request) throws SQLException {
    boolean leased = row.getBoolean("leased");
    if (row.getBoolean("expired") && !leased) {
      return new Found.Expired();
    }
    if (!HexFormat.of()
        .formatHex(row.getBytes("request_hash"))
        .equals(request.fingerprint().sha256())) {
      return new Found.Decided(new Claim.Mismatch());
    }
    if (row.getString("state").equals("completed")) {
      return new Found.Decided(new Claim.Completed(response(row), instant(row)));
    }
    return leased ? new Found.Decided(new Claim.InProgress()) : new Found.Abandoned();
  }

  private static StoredResponse response(ResultSet row) throws SQLException {
    String[] fields = (String[]) row.getArray("response_headers").getArray();
    List<StoredResponse.HeaderField> headers = new ArrayList<>();
    for (int i = 0; i < fields.length; i += 2) {
      headers.add(new StoredResponse.HeaderField(fields[i], fields[i + 1]));
    }
    return new StoredResponse(
        row.getInt("response_status"), headers, row.getBytes("response_body"));
  }

  private static Array headers(Connection connection, StoredResponse response) throws SQLException {
    return connection.createArrayOf(
        "text",
        response.headers().stream()
            .flatMap(header -> Stream.of(header.name(), header.value()))
            .toArray());
  }

  private static Map<String, byte[]> steps(ResultSet row) throws SQLException {
    String[] names = (String[]) row.getArray("step_names").getArray();
    byte[][] results = (byte[][]) row.getArray("step_results").getArray();
    Map<String, byte[]> steps = new LinkedHashMap<>();
    for (int i = 0; i < names.length; i++) {
      steps.put(names[i], results[i]);
    }
    return steps;
  }

  private static Instant instant(ResultSet row) throws SQLException {
    return row.getObject("expires_at", OffsetDateTime.class).toInstant();
  }

  private static byte[] bytes(RequestFingerprint fingerprint) {
    return HexFormat.of().parseHex(fingerprint.sha256());
  }

  /** What a record says. */
  sealed interface Found {

    /** It decides. */
    record Decided(Claim.Decided claim) implements Found {}

    /** Its holder's lease has ended without an answer. */
    record Abandoned() implements Found {}

    /** Its window has ended. */
    record Expired() implements Found {}
  }
}
