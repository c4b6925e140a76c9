package dev.outbox.demo.page;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What the page may have done to processes and network, and nothing else. */
enum Harm {
  KILL_RELAY,
  STOP_BROKER,
  RESTART_DATABASE,
  RETRY_STORM,
  REPLAY;

  /** As in the addresses of the page and of the control server. */
  String path() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  static Optional<Harm> of(String path) {
    return Arrays.stream(values()).filter(harm -> harm.path().equals(path)).findFirst();
  }
}
