package dev.outbox.relay.config;

import dev.outbox.relay.config.InvalidSettingsException.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.BindHandler;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.UnboundConfigurationPropertiesException;
import org.springframework.boot.context.properties.bind.handler.NoUnboundElementsBindHandler;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.boot.context.properties.source.UnboundElementsSourceFilter;
import org.springframework.core.env.Environment;

/** Reads the settings from where they stand and checks them whole. */
public final class SettingsLoader {

  private SettingsLoader() {}

  /**
   * The settings of Spring's environment, if every one of them can be used.
   *
   * @throws InvalidSettingsException naming each setting that cannot, its value and the remedy
   */
  public static RelaySettings load(Environment environment) {
    return load(Binder.get(environment));
  }

  /**
   * The settings, if every one of them can be used.
   *
   * @param properties by their full names; nothing else is looked at, no environment variable
   *     either
   * @throws InvalidSettingsException naming each setting that cannot, its value and the remedy
   */
  public static RelaySettings load(Map<String, String> properties) {
    return load(new Binder(new MapConfigurationPropertySource(properties)));
  }

  private static RelaySettings load(Binder binder) {
    try {
      return SettingsCheck.require(
          binder.bindOrCreate(
              RelaySettings.PREFIX,
              Bindable.of(RelaySettings.class),
              new NoUnboundElementsBindHandler(
                  BindHandler.DEFAULT, new UnboundElementsSourceFilter())));
    } catch (BindException e) {
      throw new InvalidSettingsException(problems(e));
    }
  }

  private static List<Problem> problems(BindException failure) {
    UnboundConfigurationPropertiesException unbound = cause(failure);
    if (unbound != null) {
      List<Problem> problems = new ArrayList<>();
      for (ConfigurationProperty property : unbound.getUnboundProperties()) {
        problems.add(
            new Problem(
                property.getName().toString(),
                // It may be a misspelt password.
                "(masked)",
                "there is no such setting",
                "correct the name or take it out; docs/configuration.md lists all settings"));
      }
      return problems;
    }
    ConfigurationProperty property = failure.getProperty();
    String value =
        property == null
            ? ""
            : ShownSettings.isSecret(failure.getName().toString())
                ? "(masked)"
                : String.valueOf(property.getValue());
    Class<?> type = failure.getTarget().getType().resolve(Object.class);
    return List.of(
        new Problem(
            failure.getName().toString(), value, "not a valid " + describe(type), remedy(type)));
  }

  private static @Nullable UnboundConfigurationPropertiesException cause(BindException failure) {
    return failure.getCause() instanceof UnboundConfigurationPropertiesException unbound
        ? unbound
        : null;
  }

  private static String describe(Class<?> type) {
    return type.isEnum() ? "choice" : type.getSimpleName().toLowerCase(Locale.ROOT);
  }

  private static String remedy(Class<?> type) {
    if (type.isEnum()) {
      return "use "
          + Arrays.stream(type.getEnumConstants())
              .map(choice -> choice.toString().toLowerCase(Locale.ROOT).replace('_', '-'))
              .collect(Collectors.joining(" or "));
    }
    return switch (type.getSimpleName()) {
      case "Duration" -> "give a number with a unit, such as 500ms, 10s or 5m";
      case "DataSize" -> "give a number with a unit, such as 512KB or 32MB";
      case "boolean", "Boolean" -> "use true or false";
      default -> "see docs/configuration.md";
    };
  }
}
