package dev.outbox.relay.source.pgoutput;

import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Which of a table's published columns is which of the outbox's.
 *
 * @param places for each published column its place among those of the outbox, or -1
 * @param ofOutbox whether the table is the outbox
 */
@SuppressWarnings("ArrayRecordComponent") // looked up for each value of each row
record Columns(int[] places, boolean ofOutbox) {

  static final int ID = 0;
  static final int AGGREGATE_TYPE = 1;
  static final int AGGREGATE_ID = 2;
  static final int TYPE = 3;
  static final int PAYLOAD = 4;
  static final int HEADERS = 5;
  static final int COUNT = 6;

  private static final List<String> NAMES =
      List.of("id", "aggregatetype", "aggregateid", "type", "payload", "headers");

  private static final int BYTEA = 17;
  private static final int UUID = 2950;

  /** Types whose binary form is their text: text, character varying, character. */
  private static final Set<Integer> TEXTS = Set.of(25, 1043, 1042);

  /**
   * @param published names of the columns, in the order of the stream
   * @param types their types' OIDs
   * @throws RelayException when the table is the outbox and what is published does not make an
   *     event: an event without its payload would be a tombstone
   */
  static Columns of(String[] published, int[] types, boolean ofOutbox) {
    int[] places = Arrays.stream(published).mapToInt(NAMES::indexOf).toArray();
    if (ofOutbox) {
      for (int place = 0; place < COUNT; place++) {
        require(place, indexOf(places, place), types);
      }
    }
    return new Columns(places, ofOutbox);
  }

  private static int indexOf(int[] places, int place) {
    int index = 0;
    while (index < places.length && places[index] != place) {
      index++;
    }
    return index;
  }

  private static void require(int place, int index, int[] types) {
    String name = NAMES.get(place);
    if (index == types.length) {
      throw unreadable("lacks column '%s'".formatted(name));
    }
    int type = types[index];
    boolean fits =
        switch (place) {
          case ID -> type == UUID;
          case PAYLOAD -> type == BYTEA;
          default -> TEXTS.contains(type);
        };
    if (!fits) {
      throw unreadable("has column '%s' of type OID %d".formatted(name, type));
    }
  }

  private static RelayException unreadable(String what) {
    return new RelayException(
        Stage.SOURCE,
        "The outbox table as the write-ahead log describes it %s.".formatted(what),
        "Give the table its columns back as docs/sql/outbox_event.sql has them. Rows written"
            + " meanwhile stand in the log in that shape: drop the replication slot and run"
            + " 'init --accept-gap', which takes them from the table.");
  }

  /** How many are published. */
  int count() {
    return places.length;
  }

  int place(int published) {
    return places[published];
  }
}
