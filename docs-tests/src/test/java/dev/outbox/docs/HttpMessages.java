package dev.outbox.docs;

import dev.outbox.local.documents.CodeBlock;
import java.util.Optional;
import java.util.regex.Pattern;

/** HTTP as it is sent: first lines, headers, perhaps a body, then a blank line and the next one. */
final class HttpMessages {

  private static final Pattern MESSAGE =
      Pattern.compile(
          "((GET|POST|PUT|PATCH|DELETE) /\\S*( HTTP/1\\.1)?|HTTP/1\\.1 [1-5][0-9]{2} [A-Za-z ]+)\n"
              + "([A-Za-z-]+: \\S.*\n)*"
              + "(\n[{\\[].*\n)?");

  private HttpMessages() {}

  static Optional<String> problem(CodeBlock block) {
    for (String message : block.text().split("\n\n(?=[A-Z])", -1)) {
      if (!MESSAGE.matcher(message + (message.endsWith("\n") ? "" : "\n")).matches()) {
        return Optional.of("no request or response of HTTP: " + message);
      }
    }
    return Optional.empty();
  }
}
