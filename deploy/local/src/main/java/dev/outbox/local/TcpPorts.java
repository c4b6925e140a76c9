package dev.outbox.local;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free TCP ports of this machine. They lie below the range from which operating systems take the
 * ports of outgoing connections, so that a server can be stopped and find its port still free when
 * it starts again. Safe for use by several threads.
 */
public final class TcpPorts {

  private static final int FIRST = 20_000;
  private static final int LAST = 32_000;
  private static final int ATTEMPTS = 1_000;

  // A port is free until its server has started, so what this JVM has handed out must be
  // remembered.
  private static final Set<Integer> HANDED_OUT = ConcurrentHashMap.newKeySet();

  private TcpPorts() {}

  /**
   * A port that nobody listens on and that this JVM has not been given before.
   *
   * @throws LocalStackException if no such port is found
   */
  public static int free() {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      // Random, because several JVMs may be looking at the same time.
      int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
      if (bindable(port) && HANDED_OUT.add(port)) {
        return port;
      }
    }
    throw new LocalStackException(
        "No free TCP port found from %d to %d. End servers that are left over there, or name a port yourself."
            .formatted(FIRST, LAST));
  }

  /** This port when nobody listens on it, otherwise a free one. */
  public static int freeOr(int preferred) {
    return bindable(preferred) && HANDED_OUT.add(preferred) ? preferred : free();
  }

  private static boolean bindable(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(port));
      return true;
    } catch (IOException taken) {
      return false;
    }
  }
}
