package dev.outbox.relay.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.event.TextForm;
import dev.outbox.relay.source.ControlMessages;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes commands into the write-ahead log and reads them again. Thread-safe. */
public final class ControlLog {

  private static final String RELAY = "relay";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final String relay;

  /**
   * @param relay name of the relay that is spoken to
   */
  public ControlLog(String relay) {
    this.relay = relay;
  }

  /**
   * Writes a command, in the transaction of the connection if there is one.
   *
   * @return the LSN of the command's record; it is carried out once the slot has passed it
   */
  public long write(JdbcClient sql, ControlMessage command) {
    ObjectNode text = JSON.valueToTree(command);
    text.put(RELAY, relay);
    return sql.sql("select (pg_logical_emit_message(true, :prefix, :content) - '0/0')::bigint")
        .param("prefix", ControlMessages.PREFIX)
        .param("content", JSON.writeValueAsString(text).getBytes(UTF_8))
        .query(Long.class)
        .single();
  }

  /**
   * The command of a text.
   *
   * @return empty when another relay is meant
   * @throws MalformedControlException when the text is no command that this version knows
   */
  public Optional<ControlMessage> read(String text) throws MalformedControlException {
    try {
      JsonNode node = JSON.readTree(text);
      if (!(node instanceof ObjectNode object)) {
        throw new MalformedControlException("it is not a JSON object");
      }
      JsonNode addressee = object.remove(RELAY);
      if (addressee == null || !addressee.isString()) {
        throw new MalformedControlException("it does not say which relay is meant");
      }
      if (!addressee.stringValue().equals(relay)) {
        return Optional.empty();
      }
      requireStorable(object);
      return Optional.of(JSON.treeToValue(object, ControlMessage.class));
    } catch (JacksonException e) {
      throw new MalformedControlException(e.getOriginalMessage());
    }
  }

  /** The database is asked for what a command names, and its reason is kept there. */
  private static void requireStorable(JsonNode node) throws MalformedControlException {
    if (node.isString() && !TextForm.isStorable(node.stringValue())) {
      throw new MalformedControlException("a text contains NUL or an unpaired surrogate");
    }
    for (JsonNode child : node.values()) {
      requireStorable(child);
    }
  }

  /** A control message that cannot be understood. */
  public static final class MalformedControlException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedControlException(String reason) {
      super(reason);
    }
  }
}
