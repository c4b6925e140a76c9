package dev.outbox.idempotency.inbox;

/**
 * What a consumer that deduplicates by position makes of an event whose position is of a later
 * epoch than the mark, and whose place in the write-ahead log is at or before the mark's.
 *
 * <p>A later epoch follows a promoted replica, a new slot, or a restored or new database. In the
 * first case such an event was seen: the log went on, and the server sends again what the relay had
 * not confirmed. In the others it is new, because their log may begin anywhere. The event does not
 * tell which it was. Events further in the log than the mark are new in either case.
 */
public enum NewEpoch {

  /** Stop in front of it and say so; the operator knows what happened. The default. */
  REFUSE,

  /** The server was promoted, its log went on: a repeat. */
  SAME_LOG,

  /** The slot was made anew, the database restored or replaced: new. */
  NEW_LOG
}
