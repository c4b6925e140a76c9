package dev.outbox.relay.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** What at-least-once promises of a topic: nothing lost, and order but for runs that repeat. */
public final class EventOrder {

  private EventOrder() {}

  /**
   * Every aggregate's events are there in commit order, but for runs that repeat as a whole.
   *
   * @param found event IDs on the topic by key
   * @param committed event IDs in the outbox by key
   */
  public static void assertKept(
      Map<String, List<String>> found, Map<String, List<String>> committed) {
    assertThat(found.keySet()).isEqualTo(Set.copyOf(committed.keySet()));
    found.forEach(
        (key, ids) -> {
          List<String> expected = committed.getOrDefault(key, List.of());
          assertThat(ids.stream().distinct().toList()).as("events of %s", key).isEqualTo(expected);
          assertThat(isRunsInOrder(ids, expected)).as("runs of %s", key).isTrue();
        });
  }

  /** Whether a sequence only ever steps back to begin an earlier run again. */
  private static boolean isRunsInOrder(List<String> ids, List<String> expected) {
    Map<String, Integer> place = new HashMap<>();
    for (int i = 0; i < expected.size(); i++) {
      place.put(expected.get(i), i);
    }
    int previous = -1;
    for (String id : ids) {
      int current = place.getOrDefault(id, Integer.MAX_VALUE);
      if (current > previous + 1) {
        return false;
      }
      previous = current;
    }
    return true;
  }

  /** One number per partition is enough to recognise every repeat. */
  public static void assertPositionsGrowAndStay(List<ConsumerRecord<byte[], byte[]>> records) {
    Map<String, String> positions = new HashMap<>();
    Map<Integer, String> highest = new HashMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      String id = TopicReader.header(record, "id");
      String position = TopicReader.header(record, "outbox-position");
      String before = positions.putIfAbsent(id, position);
      if (before != null) {
        assertThat(position).as("position of a repeated event").isEqualTo(before);
      } else {
        String mark = highest.getOrDefault(record.partition(), "");
        assertThat(position).as("position of a new event").isGreaterThan(mark);
        highest.put(record.partition(), position);
      }
    }
  }
}
