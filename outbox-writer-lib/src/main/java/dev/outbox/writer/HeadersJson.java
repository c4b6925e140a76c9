package dev.outbox.writer;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Record headers as the text of one flat JSON object. Small enough not to need a JSON library. */
final class HeadersJson {

  private HeadersJson() {}

  /** Null for no headers, so that such rows do not carry an empty object. */
  static @Nullable String encode(Map<String, String> headers) {
    if (headers.isEmpty()) {
      return null;
    }
    StringBuilder json = new StringBuilder(64);
    char separator = '{';
    for (Map.Entry<String, String> header : headers.entrySet()) {
      json.append(separator);
      separator = ',';
      string(json, header.getKey());
      json.append(':');
      string(json, header.getValue());
    }
    return json.append('}').toString();
  }

  /** Escapes what RFC 8259 section 7 demands and nothing else. */
  private static void string(StringBuilder json, String value) {
    json.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }
}
