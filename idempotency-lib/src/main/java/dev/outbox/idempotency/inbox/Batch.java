package dev.outbox.idempotency.inbox;

import java.util.List;
import java.util.Optional;

/** What a worker does in one transaction: parts of several partitions, or one event alone. */
record Batch(List<Part> parts) {

  /**
   * @param queue where the events are from
   * @param events in order of the partition
   * @param givenUp set when the one event is not to be applied any more
   */
  record Part(PartitionQueue queue, List<ReceivedEvent> events, Optional<GivenUp> givenUp) {}

  List<ReceivedEvent> events() {
    return parts.stream().flatMap(part -> part.events().stream()).toList();
  }

  int size() {
    return parts.stream().mapToInt(part -> part.events().size()).sum();
  }

  Optional<GivenUp> givenUp() {
    return parts.get(0).givenUp();
  }

  PartitionQueue queueOf(ReceivedEvent event) {
    return parts.stream()
        .filter(part -> part.events().contains(event))
        .findFirst()
        .orElseThrow()
        .queue();
  }
}
