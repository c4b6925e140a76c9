package dev.outbox.relay.source;

import dev.outbox.relay.event.TextForm;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * The first line of an event message, read as far as it can be. Strict, because what is passed over
 * here would be lost: a payload given as a field, say, or a misspelt name.
 */
final class EventLine {

  static final String ADDRESS = "outbox";
  static final String ID = "id";
  static final String AGGREGATE_TYPE = "aggregatetype";
  static final String AGGREGATE_ID = "aggregateid";
  static final String TYPE = "type";
  private static final String HEADERS = "headers";

  private static final List<String> MANDATORY =
      List.of(ADDRESS, ID, AGGREGATE_TYPE, AGGREGATE_ID, TYPE);

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private final Map<String, String> fields = new HashMap<>();
  private @Nullable String headers;
  private @Nullable String problem;

  private EventLine() {}

  static EventLine unreadable(String problem) {
    EventLine line = new EventLine();
    line.problem = problem;
    return line;
  }

  static EventLine parse(String json) {
    EventLine line = new EventLine();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      line.read(parser);
    } catch (JacksonException e) {
      // Not the parser's words: they quote the text, which may hold what operators must not see.
      @Nullable TokenStreamLocation where = e.getLocation();
      line.report(
          where == null
              ? "its first line is nested too deeply, or a name is too long"
              : "its first line is not valid JSON at character " + where.getColumnNr());
    }
    line.requireMandatory();
    return line;
  }

  private void read(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      report("its first line is not a JSON object");
      return;
    }
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      if (name.equals(HEADERS)) {
        readHeaders(parser, value);
      } else if (!MANDATORY.contains(name)) {
        report("it has a field besides " + String.join(", ", MANDATORY) + " and " + HEADERS);
        parser.skipChildren();
      } else if (value != JsonToken.VALUE_STRING) {
        report(name + " is not a string");
        parser.skipChildren();
      } else {
        put(name, parser.getString());
      }
    }
    if (parser.nextToken() != null) {
      report("something follows the JSON object on its first line");
    }
  }

  private void readHeaders(JsonParser parser, JsonToken value) {
    headers = value == JsonToken.VALUE_NULL ? null : text(parser);
    if (headers != null && !TextForm.isUtf8(headers)) {
      report("headers contain an unpaired surrogate");
    }
  }

  /** As it stands: whether it is an object of strings is judged where a row's headers are. */
  private static String text(JsonParser parser) {
    StringWriter text = new StringWriter();
    try (JsonGenerator generator = JSON.createGenerator(ObjectWriteContext.empty(), text)) {
      generator.copyCurrentStructure(parser);
    }
    return text.toString();
  }

  private void put(String name, String value) {
    if (!TextForm.isStorable(value)) {
      report(name + " contains a NUL character or an unpaired surrogate");
    } else if (name.equals(ID)) {
      putId(value);
    } else {
      fields.put(name, value);
    }
  }

  /** In the form in which a row's ID is delivered, as consumers compare texts. */
  private void putId(String value) {
    try {
      String id = UUID.fromString(value).toString();
      if (id.equalsIgnoreCase(value)) {
        fields.put(ID, id);
        return;
      }
    } catch (IllegalArgumentException e) {
      // Reported below.
    }
    report("id is not a UUID");
  }

  private void requireMandatory() {
    for (String name : MANDATORY) {
      if (!fields.containsKey(name)) {
        report(name + " is missing");
      }
    }
  }

  /** Keeps the first problem, from which the others may follow. */
  private void report(String found) {
    if (problem == null) {
      problem = found;
    }
  }

  /** Whether the line says so, whatever else is wrong with it. */
  boolean isAddressedElsewhere(String own) {
    String address = fields.get(ADDRESS);
    return address != null && !address.equals(own);
  }

  /** What is wrong with the line; null when nothing is. */
  @Nullable String problem() {
    return problem;
  }

  /** A mandatory field of a line without problem. */
  String get(String name) {
    return Objects.requireNonNull(find(name));
  }

  /** A mandatory field, if it could be read. */
  @Nullable String find(String name) {
    return fields.get(name);
  }

  /** The headers, not yet parsed. */
  @Nullable String headers() {
    return headers;
  }

  /** Names the message as far as it could be read. */
  String subject() {
    String id = fields.get(ID);
    String aggregateType = fields.get(AGGREGATE_TYPE);
    String aggregateId = fields.get(AGGREGATE_ID);
    String message = id == null ? "a message without readable id" : "message " + id;
    return aggregateType == null || aggregateId == null
        ? message
        : message
            + " of aggregate %s %s"
                .formatted(TextForm.shown(aggregateType), TextForm.shown(aggregateId));
  }
}
