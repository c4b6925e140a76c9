package dev.outbox.connect;

import java.util.HashMap;
import java.util.Map;

/**
 * Which part of the outbox a task relays.
 *
 * @param number counted from 1
 * @param of how many there are
 */
record Shard(int number, int of) {

  private static final String NUMBER = "outbox.connect.shard";
  private static final String OF = "outbox.connect.shards";

  /** The connector's settings for the task of this shard. */
  Map<String, String> taskConfig(Map<String, String> connector) {
    Map<String, String> config = new HashMap<>(connector);
    config.put(NUMBER, String.valueOf(number));
    config.put(OF, String.valueOf(of));
    return config;
  }

  static Shard of(Map<String, String> taskConfig) {
    return new Shard(
        Integer.parseInt(taskConfig.getOrDefault(NUMBER, "1")),
        Integer.parseInt(taskConfig.getOrDefault(OF, "1")));
  }
}
