package dev.outbox.local.documents;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The tables of settings in the documents, made from what Spring Boot's annotation processor has
 * made of the code: names, types, defaults, and the Javadoc of each component. {@link
 * GeneratedTables} of the kind {@code settings}, each named by a prefix of settings.
 */
public final class SettingsTables {

  private static final GeneratedTables TABLES = new GeneratedTables("settings");
  private static final Pattern NAME =
      Pattern.compile("(?m)^\\| `(outbox\\.[^`*]+?)(?:\\.\\*)?` \\|");
  private static final Pattern CODE = Pattern.compile("\\{@code ((?:[^{}]|\\{[^{}]*})*)}");
  private static final String REQUIRED = "Required. ";

  private final List<Setting> settings;

  private SettingsTables(List<Setting> settings) {
    this.settings = settings;
  }

  private record Setting(String name, String type, String byDefault, String description) {

    boolean isRequired() {
      return description.startsWith(REQUIRED);
    }
  }

  /** Of the module that the test runs in. */
  public static SettingsTables ofThisModule() {
    Path metadata = Path.of("target/classes/META-INF/spring-configuration-metadata.json");
    List<Setting> settings = new ArrayList<>();
    for (JsonNode property :
        JsonMapper.shared().readTree(Documents.read(metadata)).get("properties")) {
      settings.add(setting(property));
    }
    return new SettingsTables(settings);
  }

  /**
   * Tables that differ from the code, and settings that stand in none; see {@link GeneratedTables}.
   */
  public List<String> problems() {
    List<Setting> missing = new ArrayList<>(settings);
    List<String> problems = new ArrayList<>(TABLES.problems(prefix -> table(prefix, missing)));
    missing.forEach(
        setting ->
            problems.add(setting.name + " is in no table: no document has settings of its prefix"));
    return problems;
  }

  /** The names of all settings that the documents have in tables; of maps the part in front. */
  public static List<String> documentedNames() {
    return TABLES
        .contents()
        .flatMap(table -> NAME.matcher(table).results())
        .map(name -> name.group(1))
        .toList();
  }

  /** Tables of other modules' settings stay as they are. */
  private Optional<String> table(String prefix, List<Setting> missing) {
    List<Setting> own = settings.stream().filter(s -> s.name.startsWith(prefix + ".")).toList();
    missing.removeAll(own);
    return own.isEmpty() ? Optional.empty() : Optional.of(table(own));
  }

  private static String table(List<Setting> settings) {
    return settings.stream()
        .sorted(Comparator.comparing(Setting::isRequired).reversed().thenComparing(Setting::name))
        .map(SettingsTables::row)
        .collect(Collectors.joining("", "| setting | type | default | |\n|---|---|---|---|\n", ""));
  }

  private static String row(Setting setting) {
    String described = setting.description;
    return "| `%s` | %s | %s | %s |\n"
        .formatted(
            setting.name,
            setting.type,
            setting.isRequired() ? "(required)" : setting.byDefault,
            setting.isRequired() ? described.substring(REQUIRED.length()) : described);
  }

  private static Setting setting(JsonNode property) {
    String type = property.path("type").asString("");
    boolean isMap = type.startsWith("java.util.Map");
    return new Setting(
        property.get("name").asString() + (isMap ? ".*" : ""),
        readable(type),
        byDefault(property.path("defaultValue")),
        description(property.path("description").asString("")));
  }

  private static String byDefault(JsonNode value) {
    if (value.isArray()) {
      return value
          .valueStream()
          .map(each -> "`" + each.asString() + "`")
          .collect(Collectors.joining(", "));
    }
    String text = value.asString("");
    return text.isEmpty() ? "" : "`" + text + "`";
  }

  private static String description(String javadoc) {
    return CODE.matcher(javadoc).replaceAll("`$1`").replaceAll("\\s+", " ").replace("|", "\\|");
  }

  private static String readable(String type) {
    String simple = type.replaceFirst("<.*", "").replaceFirst(".*\\.", "");
    return switch (simple) {
      case "Boolean" -> "`true` or `false`";
      case "DataSize" -> "size";
      case "Duration" -> "time";
      case "Integer", "Long" -> "number";
      case "List", "Set" -> "list";
      case "Map" -> "names and values";
      case "String" -> "text";
      default -> choices(type);
    };
  }

  private static String choices(String type) {
    try {
      return Arrays.stream(Class.forName(type).getEnumConstants())
          .map(choice -> ((Enum<?>) choice).name().toLowerCase(Locale.ROOT).replace('_', '-'))
          .map(choice -> "`" + choice + "`")
          .collect(Collectors.joining(" or "));
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("A setting has a type that is not here: " + type, e);
    }
  }
}
