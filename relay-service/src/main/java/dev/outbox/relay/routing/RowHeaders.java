package dev.outbox.relay.routing;

import dev.outbox.relay.event.TextForm;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/** Reads the row's {@code headers} column: a JSON object whose values are all strings. */
final class RowHeaders {

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          // A parse error is shown to operators, and headers may carry what they must not see.
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private RowHeaders() {}

  /**
   * The headers in the row's order.
   *
   * @throws MalformedHeadersException when the text is anything else
   */
  static Map<String, String> parse(String json) throws MalformedHeadersException {
    Map<String, String> headers = new LinkedHashMap<>();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      expect(parser.nextToken() == JsonToken.START_OBJECT, "it is not a JSON object");
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        expect(parser.nextToken() == JsonToken.VALUE_STRING, "a value is not a string");
        String value = parser.getString();
        expect(
            TextForm.isUtf8(name) && TextForm.isUtf8(value),
            "a name or value contains an unpaired surrogate");
        headers.put(name, value);
      }
      expect(parser.nextToken() == null, "something follows the JSON object");
    } catch (JacksonException e) {
      // Not the parser's words: they quote the text, which may hold what operators must not see.
      @Nullable TokenStreamLocation where = e.getLocation();
      throw new MalformedHeadersException(
          where == null
              ? "it is nested too deeply, or a name is too long"
              : "it is not valid JSON at character " + where.getColumnNr());
    }
    return headers;
  }

  private static void expect(boolean holds, String otherwise) throws MalformedHeadersException {
    if (!holds) {
      throw new MalformedHeadersException(otherwise);
    }
  }

  /** The column holds no JSON object of strings. */
  static final class MalformedHeadersException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedHeadersException(String reason) {
      super(reason);
    }
  }
}
