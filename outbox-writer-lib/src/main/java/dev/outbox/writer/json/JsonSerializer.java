package dev.outbox.writer.json;

import dev.outbox.writer.EventSerializer;
import tools.jackson.databind.json.JsonMapper;

/**
 * Encodes any object as JSON in UTF-8, as the mapper is configured. A Spring Boot application has
 * one with its own mapper as a bean. Safe for use by several threads.
 */
public final class JsonSerializer implements EventSerializer<Object> {

  private final JsonMapper mapper;

  /** Encodes with this mapper. */
  public JsonSerializer(JsonMapper mapper) {
    this.mapper = mapper;
  }

  @Override
  public byte[] serialize(Object object) {
    return mapper.writeValueAsBytes(object);
  }

  @Override
  public String contentType() {
    return "application/json";
  }
}
