package dev.outbox.relay.web.console;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Slows down who guesses passwords: after a few wrong ones from an address, each further one costs
 * twice the wait of the one before, until none has come for a while. Who is logged in already is
 * not held up. Bounded; any thread.
 */
final class LoginThrottle {

  private static final int FREE = 5;
  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);
  private static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(15);
  private static final int MOST_DOUBLINGS = 20;

  /** Of an address of version 6 the part that a provider gives to one customer. */
  private static final int NETWORK_BYTES = 8;

  private static final int MOST_ADDRESSES = 1_000;

  private final LongSupplier nanoTime;

  private final Map<String, Guesses> byAddress =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Guesses> eldest) {
          return size() > MOST_ADDRESSES;
        }
      };

  LoginThrottle(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  private record Guesses(int wrong, long lastNanos) {}

  /** How long this address has to wait before it may try again; zero when it may. */
  synchronized Duration wait(String address) {
    Guesses guesses = remembered(network(address));
    if (guesses == null || guesses.wrong() < FREE) {
      return Duration.ZERO;
    }
    Duration wait = FIRST_WAIT.multipliedBy(1L << Math.min(MOST_DOUBLINGS, guesses.wrong() - FREE));
    Duration bounded = wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    Duration left = bounded.minusNanos(nanoTime.getAsLong() - guesses.lastNanos());
    return left.isNegative() ? Duration.ZERO : left;
  }

  private @Nullable Guesses remembered(String network) {
    Guesses guesses = byAddress.get(network);
    return guesses == null
            || nanoTime.getAsLong() - guesses.lastNanos() >= FORGOTTEN_AFTER.toNanos()
        ? null
        : guesses;
  }

  /** A wrong name or password. */
  synchronized void failed(String address) {
    String network = network(address);
    Guesses before = remembered(network);
    int wrong = before == null ? 1 : before.wrong() + 1;
    byAddress.put(network, new Guesses(wrong, nanoTime.getAsLong()));
  }

  /** The right ones. */
  synchronized void succeeded(String address) {
    byAddress.remove(network(address));
  }

  private static String network(String address) {
    try {
      // Of an address in figures nobody is asked.
      if (InetAddress.getByName(address) instanceof Inet6Address six) {
        return HexFormat.of().formatHex(Arrays.copyOf(six.getAddress(), NETWORK_BYTES));
      }
    } catch (UnknownHostException e) {
      return address;
    }
    return address;
  }
}
