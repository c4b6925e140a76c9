package dev.outbox.relay.web.console;

import dev.outbox.relay.control.Attribution;
import jakarta.servlet.http.HttpServletRequest;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who asks for an action, and why.
 *
 * @param name the name that was logged in with
 * @param address where the request came from
 * @param reason why, in the operator's words
 */
record Operator(String name, String address, String reason) {

  private static final Logger LOG = LoggerFactory.getLogger(Operator.class);

  /** What may end a line of the log, or move a terminal's cursor. */
  static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\u2028\\u2029]+");

  private static final int LONGEST_REASON = 500;

  /**
   * Takes note of who asks and why.
   *
   * @throws Refusal when there is no reason
   */
  static Operator of(HttpServletRequest request, @Nullable String reason) {
    String plain = reason == null ? "" : CONTROL.matcher(reason).replaceAll(" ").strip();
    if (plain.isEmpty()) {
      throw Refusal.badRequest("No reason was given.", "Say why in 'reason'; it is recorded.");
    }
    if (plain.length() > LONGEST_REASON) {
      throw Refusal.badRequest(
          "The reason is longer than %d characters.".formatted(LONGEST_REASON),
          "Say it in fewer words.");
    }
    return new Operator(
        String.valueOf(request.getRemoteUser()), String.valueOf(request.getRemoteAddr()), plain);
  }

  Attribution attribution() {
    return new Attribution(name, reason);
  }

  /** The one line that tells of an action. */
  void log(String what) {
    LOG.atInfo()
        .addKeyValue("by", name)
        .addKeyValue("from", address)
        .addKeyValue("reason", reason)
        .log("Operator's action: {}", what);
  }
}
