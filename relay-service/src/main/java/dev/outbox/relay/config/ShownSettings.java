package dev.outbox.relay.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.lang.reflect.RecordComponent;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.convert.DurationStyle;

/**
 * The settings in force as anybody may see them, and the secrets among them, so that texts from
 * elsewhere can be freed of those. What is not known to be harmless is masked. Immutable.
 */
public final class ShownSettings {

  /** In place of a secret; its length says nothing. */
  public static final String MASK = "********";

  private static final Pattern SECRET =
      Pattern.compile("password|secret|token|credential|jaas|passphrase");

  /** Producer settings whose values are figures, names or addresses; all others are masked. */
  private static final Pattern HARMLESS_PRODUCER_SETTING =
      Pattern.compile(
          ".*\\.(ms|size|bytes|memory|type|level|protocol|protocols|mechanism|enable)"
              + "|client\\.(id|rack)|acks|enable\\.idempotence|metadata\\.recovery\\.strategy"
              + "|max\\.in\\.flight\\.requests\\.per\\.connection");

  private static final Set<String> HARMLESS_URL_PARAMETERS =
      Set.of("sslmode", "options", "tcpKeepAlive", "ApplicationName", "targetServerType");

  /** Of a JAAS configuration the values of its options, which is where the secrets are. */
  private static final Pattern JAAS_VALUE = Pattern.compile("=\\s*(?:\"([^\"]*)\"|([^\\s;\"]+))");

  /** A shorter one would be found in every other text. */
  private static final int SHORTEST_SECRET = 4;

  private final Map<String, String> values = new LinkedHashMap<>();
  private final Set<String> secrets = new LinkedHashSet<>();

  /** Takes the settings apart. */
  public ShownSettings(RelaySettings settings) {
    add(RelaySettings.PREFIX, settings);
    rememberLogin(settings.console().username(), settings.console().password());
  }

  /** Each setting's full name with its value, in the order in which they are declared. */
  public List<Map.Entry<String, String>> entries() {
    return List.copyOf(values.entrySet());
  }

  /**
   * The text with every secret of these settings masked, but those that are a part of what is shown
   * anyhow, such as a password that is the user's name: masking them would tell that they are.
   */
  public String mask(String text) {
    String masked = text;
    for (String secret : secrets) {
      if (!isShown(secret)) {
        masked = masked.replace(secret, MASK);
      }
    }
    return masked;
  }

  /** Whether a setting of this name, or what is given in its place, may be a secret. */
  static boolean isSecret(String key) {
    return SECRET.matcher(key).find()
        || key.startsWith(RelaySettings.PREFIX + ".kafka.properties")
        || key.startsWith(RelaySettings.PREFIX + ".database");
  }

  private boolean isShown(String secret) {
    return values.values().stream().anyMatch(value -> value.contains(secret));
  }

  private void add(String prefix, Record group) {
    for (RecordComponent component : group.getClass().getRecordComponents()) {
      String key = prefix + "." + kebab(component.getName());
      Object value = value(group, component);
      if (value instanceof Record nested) {
        add(key, nested);
      } else if (value instanceof Map<?, ?> producerSettings) {
        producerSettings.forEach(
            (name, given) -> addProducerSetting(key, String.valueOf(name), String.valueOf(given)));
      } else if (SECRET.matcher(key).find()) {
        values.put(key, hide(text(value)));
      } else if (key.equals(RelaySettings.PREFIX + ".database.url")) {
        values.put(key, url(text(value)));
      } else {
        values.put(key, text(value));
      }
    }
  }

  private void addProducerSetting(String key, String name, String value) {
    boolean harmless =
        HARMLESS_PRODUCER_SETTING.matcher(name).matches() && !SECRET.matcher(name).find();
    if (!harmless) {
      Matcher parts = JAAS_VALUE.matcher(value);
      while (parts.find()) {
        remember(parts.group(1) == null ? parts.group(2) : parts.group(1));
      }
    }
    values.put(key + "." + name, harmless ? value : hide(value));
  }

  /** Parameters of the URL may be secrets. */
  private String url(String url) {
    int parameters = url.indexOf('?');
    if (parameters < 0) {
      return url;
    }
    List<String> shown = new ArrayList<>();
    for (String parameter : url.substring(parameters + 1).split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      shown.add(
          equals < 0 || HARMLESS_URL_PARAMETERS.contains(name)
              ? parameter
              : name + "=" + hideParameter(parameter.substring(equals + 1)));
    }
    return url.substring(0, parameters) + "?" + String.join("&", shown);
  }

  private String hide(String value) {
    remember(value);
    return value.isEmpty() ? "" : MASK;
  }

  private void remember(@Nullable String value) {
    if (value != null && value.length() >= SHORTEST_SECRET) {
      secrets.add(value);
      // As it stands in a URL or in a form that is sent.
      secrets.add(URLEncoder.encode(value, UTF_8));
    }
  }

  /** As HTTP Basic sends them. */
  private void rememberLogin(String username, String password) {
    if (!password.isEmpty()) {
      String both = username + ":" + password;
      secrets.add(Base64.getEncoder().encodeToString(both.getBytes(UTF_8)));
    }
  }

  /** Parameters of a URL are encoded there, and decoded wherever else they are told of. */
  private String hideParameter(String value) {
    try {
      remember(URLDecoder.decode(value, UTF_8));
    } catch (IllegalArgumentException e) {
      return hide(value); // it is not encoded
    }
    return hide(value);
  }

  private static String text(@Nullable Object value) {
    if (value instanceof Duration duration) {
      return DurationStyle.SIMPLE.print(duration, unit(duration));
    }
    if (value instanceof Enum<?> choice) {
      return choice.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
    if (value instanceof List<?> list) {
      return list.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
    return String.valueOf(value);
  }

  private static ChronoUnit unit(Duration duration) {
    if (duration.toMillis() % 1_000 != 0) {
      return ChronoUnit.MILLIS;
    }
    return duration.toSeconds() % 60 != 0 || duration.isZero()
        ? ChronoUnit.SECONDS
        : duration.toSeconds() % 86_400 == 0 ? ChronoUnit.DAYS : ChronoUnit.MINUTES;
  }

  private static @Nullable Object value(Record group, RecordComponent component) {
    try {
      return component.getAccessor().invoke(group);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("The settings' records are readable here", e);
    }
  }

  private static String kebab(String name) {
    return name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
  }
}
