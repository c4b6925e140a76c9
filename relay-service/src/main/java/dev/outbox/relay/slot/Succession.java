package dev.outbox.relay.slot;

import dev.outbox.relay.event.SourcePosition;
import java.util.Optional;

/**
 * What a shard has to do with changes of the number of shards. Both of the transitions happen at a
 * marker in the write-ahead log: what stands before it is published by the shards that were, what
 * stands behind it by those that come after them.
 *
 * @param marker the marker that the shard begins behind; empty for one as old as its outbox
 * @param beginsBehind where that marker stands; empty until it has been read
 * @param endsAt the marker that the shard ends at; empty while no change is under way
 * @param ended whether everything up to there is published
 */
public record Succession(
    Optional<String> marker,
    Optional<SourcePosition> beginsBehind,
    Optional<String> endsAt,
    boolean ended) {

  /** Of a shard that has begun with its outbox. */
  static final Succession NONE =
      new Succession(Optional.empty(), Optional.empty(), Optional.empty(), false);

  /** Of a shard that will begin behind a marker. */
  static Succession behind(String marker) {
    return new Succession(Optional.of(marker), Optional.empty(), Optional.empty(), false);
  }

  /** Of a shard whose slot is about to be made, so that it is known whose it is. */
  static Succession reserved(String marker) {
    return new Succession(Optional.of(marker), Optional.empty(), Optional.empty(), true);
  }

  /** Whether the marker that it begins behind has not been read yet. */
  public boolean awaitsMarker() {
    return marker.isPresent() && beginsBehind.isEmpty();
  }

  /**
   * Whether the shard of a change has, or may have, a slot; of one without a change it is not said.
   */
  boolean hasSlot() {
    return marker.isPresent() || endsAt.isPresent();
  }

  /** Whether other shards publish, or have published, what stands at a position. */
  public boolean passesBy(SourcePosition position) {
    return awaitsMarker()
        || (beginsBehind.isPresent() && position.compareTo(beginsBehind.get()) <= 0);
  }

  /** The marker stands here. */
  Succession begun(SourcePosition position) {
    return new Succession(marker, Optional.of(position), endsAt, ended);
  }

  /** On the same log, where positions begin a new epoch. */
  Succession inEpoch(int epoch) {
    return new Succession(
        marker,
        beginsBehind.map(behind -> new SourcePosition(epoch, behind.transaction(), behind.index())),
        endsAt,
        ended);
  }

  /** With a slot that was made anew, behind the marker that the former slot had yet to deliver. */
  Succession withNewSlot(int epoch) {
    return awaitsMarker() ? begun(new SourcePosition(epoch, 0, 0)) : this;
  }
}
