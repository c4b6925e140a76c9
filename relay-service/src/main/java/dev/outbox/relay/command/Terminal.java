package dev.outbox.relay.command;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.concurrent.TimeUnit;

/**
 * Whether somebody watches a stream of this process, and what to send there.
 *
 * <p>Java's console does not tell: up to 21 it is missing as soon as any of input and output is
 * redirected, from 22 on it is there without a terminal, and it knows nothing of standard error. So
 * the shell is asked. Where there is none, nobody watches, which costs no more than a bar.
 */
final class Terminal {

  static final int OUT = 1;
  static final int ERR = 2;

  /** Control sequences that every terminal since the VT100 knows, or else ignores. */
  static final String ERASE_LINE = "\r\u001b[K";

  static final String ERASE_REST_OF_LINE = "\u001b[K";
  static final String ERASE_BELOW = "\u001b[J";
  static final String HOME = "\u001b[H";
  static final String WRAP_OFF = "\u001b[?7l";
  static final String WRAP_ON = "\u001b[?7h";
  static final String OTHER_SCREEN = "\u001b[?1049h\u001b[?25l";
  static final String FORMER_SCREEN = "\u001b[?25h\u001b[?1049l";

  private Terminal() {}

  /** Whether the stream with this number is a terminal that can move its cursor. */
  static boolean isWatching(int stream) {
    String kind = System.getenv("TERM");
    if (kind == null || kind.isEmpty() || kind.equals("dumb")) {
      return false;
    }
    try {
      Process test =
          new ProcessBuilder("sh", "-c", "test -t " + stream)
              .redirectInput(Redirect.INHERIT)
              .redirectOutput(Redirect.INHERIT)
              .redirectError(Redirect.INHERIT)
              .start();
      return test.waitFor(5, TimeUnit.SECONDS) && test.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
