package dev.outbox.writer;

import java.util.UUID;

/**
 * What became of one event.
 *
 * @param eventId the event's ID
 * @param appended true when the event was written; it becomes visible when the caller's transaction
 *     commits. False when an event with this ID was there already: nothing was written and the
 *     transaction goes on. The log as medium only notices one that is earlier in the same list.
 */
public record AppendResult(UUID eventId, boolean appended) {

  /** The opposite of {@link #appended()}: an event with this ID was there already. */
  public boolean duplicate() {
    return !appended;
  }
}
