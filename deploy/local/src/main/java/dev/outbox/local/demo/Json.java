package dev.outbox.local.demo;

import java.util.Map;
import java.util.stream.Collectors;

/** Writes the little JSON that the control server speaks. */
final class Json {

  private Json() {}

  /** An object. Its values are texts, numbers, booleans and objects like it. */
  static String of(Map<?, ?> object) {
    return object.entrySet().stream()
        .map(entry -> text(String.valueOf(entry.getKey())) + ":" + value(entry.getValue()))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static String value(Object value) {
    if (value instanceof Map<?, ?> object) {
      return of(object);
    }
    return value instanceof Number || value instanceof Boolean
        ? value.toString()
        : text(value.toString());
  }

  private static String text(String text) {
    return text.chars()
        .mapToObj(
            c ->
                c == '"' || c == '\\'
                    ? "\\" + (char) c
                    : c < ' ' ? "\\u%04x".formatted(c) : String.valueOf((char) c))
        .collect(Collectors.joining("", "\"", "\""));
  }
}
