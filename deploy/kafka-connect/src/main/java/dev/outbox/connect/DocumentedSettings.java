package dev.outbox.connect;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.Importance;
import org.apache.kafka.common.config.ConfigDef.Type;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * The relay's settings as Connect shows them: name, default and words come from the relay's own,
 * through the description of them that its build makes.
 */
final class DocumentedSettings {

  private static final String METADATA = "META-INF/spring-configuration-metadata.json";
  private static final String REQUIRED = "Required. ";
  private static final String CLIENT = ConnectorSettings.PREFIX + "kafka.properties";

  private DocumentedSettings() {}

  static ConfigDef definition() {
    ConfigDef definition = new ConfigDef();
    for (Map<String, String> setting : read()) {
      String name = Objects.requireNonNull(setting.get("name"));
      // Settings below this one have names of Kafka's.
      if (ConnectorSettings.isKnown(name) && !name.equals(CLIENT)) {
        define(definition, name, setting);
      }
    }
    return definition;
  }

  private static void define(ConfigDef definition, String name, Map<String, String> setting) {
    String text = plain(setting.getOrDefault("description", ""));
    boolean required = text.startsWith(REQUIRED);
    boolean secret = name.endsWith("password");
    Object byDefault =
        required
            ? ConfigDef.NO_DEFAULT_VALUE
            : name.equals(ConnectorSettings.ENGINE)
                ? ConnectorSettings.ONLY_ENGINE
                : setting.getOrDefault("defaultValue", "");
    definition.define(
        name,
        secret ? Type.PASSWORD : Type.STRING,
        byDefault,
        required || secret ? Importance.HIGH : Importance.MEDIUM,
        required ? text.substring(REQUIRED.length()) : text);
  }

  /** Javadoc's marks are none of Connect's. */
  private static String plain(String javadoc) {
    return javadoc.replaceAll("\\{@(?:code|link|literal) ([^}]*(?:\\{[^}]*})?[^}]*)}", "$1");
  }

  /** The plain members of each property; other libraries have descriptions of this name too. */
  private static List<Map<String, String>> read() {
    List<Map<String, String>> settings = new ArrayList<>();
    try {
      for (URL description :
          Collections.list(DocumentedSettings.class.getClassLoader().getResources(METADATA))) {
        settings.addAll(read(description));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    settings.removeIf(
        setting -> !setting.getOrDefault("name", "").startsWith(ConnectorSettings.PREFIX));
    return settings;
  }

  private static List<Map<String, String>> read(URL description) throws IOException {
    try (InputStream metadata = description.openStream();
        JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), metadata)) {
      return properties(json);
    }
  }

  private static List<Map<String, String>> properties(JsonParser json) {
    List<Map<String, String>> properties = new ArrayList<>();
    json.nextToken();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean wanted = json.currentName().equals("properties");
      json.nextToken();
      if (!wanted) {
        json.skipChildren();
        continue;
      }
      while (json.nextToken() == JsonToken.START_OBJECT) {
        properties.add(property(json));
      }
    }
    return properties;
  }

  private static Map<String, String> property(JsonParser json) {
    Map<String, String> members = new HashMap<>();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String member = json.currentName();
      @Nullable JsonToken value = json.nextToken();
      if (value != null && value.isScalarValue()) {
        members.put(member, json.getString());
      } else {
        json.skipChildren();
      }
    }
    return members;
  }
}
