package dev.outbox.writer;

import java.util.ArrayList;
import java.util.List;

/** Header sources in the order in which they are asked; the first to give a name wins. */
record HeaderSources(List<HeaderSource> sources) {

  static final HeaderSources NONE = new HeaderSources(List.of());

  /** A source that is there already is not asked twice. */
  HeaderSources and(HeaderSource source) {
    if (sources.contains(source)) {
      return this;
    }
    List<HeaderSource> all = new ArrayList<>(sources);
    all.add(source);
    return new HeaderSources(List.copyOf(all));
  }

  List<OutboxEvent> complete(List<OutboxEvent> events) {
    return sources.isEmpty() ? events : events.stream().map(this::complete).toList();
  }

  private OutboxEvent complete(OutboxEvent event) {
    OutboxEvent complete = event;
    for (HeaderSource source : sources) {
      complete = complete.withHeadersIfAbsent(source.headersFor(complete));
    }
    return complete;
  }
}
