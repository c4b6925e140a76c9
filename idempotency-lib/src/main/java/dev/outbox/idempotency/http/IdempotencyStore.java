package dev.outbox.idempotency.http;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Keeps the records. Each method is durable by itself when it returns; the store's own clock judges
 * leases and windows, so that instances need not agree on the time. Any number of threads and
 * processes may use one store.
 *
 * <p>Each method throws {@link IdempotencyStoreException} when the store cannot be asked; what was
 * asked may then have happened.
 */
public interface IdempotencyStore {

  /**
   * Ask for the right to do the work. It is given when there is no record, when the record has
   * expired, and when its holder's lease has ended or was released; the recorded steps then stay.
   *
   * @param lease how long the right lasts unless {@link #renew renewed}
   */
  Claim claim(ClaimRequest request, Duration lease);

  /**
   * Look without claiming. A record that has expired, or whose holder's lease has ended, is none.
   */
  Optional<Claim.Decided> find(ClaimRequest request);

  /**
   * Extend the lease from now on.
   *
   * @return false when the caller no longer holds the record, for good
   */
  boolean renew(RecordId id, long fence, Duration lease);

  /**
   * Record a step that is done. A step is recorded once; a holder does not repeat one that it was
   * told of.
   *
   * @return false when the caller no longer holds the record; nothing is written then
   */
  boolean recordStep(RecordId id, long fence, String step, byte[] result);

  /**
   * Store the answer and end the lease. The window begins anew.
   *
   * @return until when the answer is kept; empty when the caller no longer holds the record, and
   *     nothing is written then
   */
  Optional<Instant> complete(RecordId id, long fence, StoredResponse response, Duration window);

  /** Give up the right without an answer. Nothing happens when the caller no longer holds it. */
  void release(RecordId id, long fence);

  /**
   * Delete records whose window has ended, and that nobody holds.
   *
   * @param limit the most to delete at once, so that nobody waits for long
   * @return how many; fewer than the limit when no more are left. A store whose records vanish by
   *     themselves returns 0
   */
  int deleteExpired(int limit);
}
