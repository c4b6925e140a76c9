package dev.outbox.idempotency.http;

import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What makes two requests the same intent: the client's value of the header {@code
 * Idempotency-Key}, or one derived by the server from the content of the request.
 *
 * @param value 1 to {@value #LONGEST} printable ASCII characters
 * @param origin who made it; keys of different origin never meet
 */
public record IdempotencyKey(String value, Origin origin) {

  /** The request header. */
  public static final String HEADER = "Idempotency-Key";

  /** The most characters a key may have. */
  public static final int LONGEST = 255;

  /** Who made the key. */
  public enum Origin {
    /** The client chose it and sends it with every attempt. */
    CLIENT,
    /** The server derived it from what the request says. */
    DERIVED
  }

  /**
   * RFC 9651, section 3.3.3: printable ASCII, backslash only before a quote or a backslash. Like
   * the next one without a way back ({@code *+}), which would take stack for each character.
   */
  private static final Pattern STRING = Pattern.compile("\"((?:[ !#-\\[\\]-~]|\\\\[\"\\\\])*+)\"");

  /** RFC 9651, section 3.1.2: parameters say nothing about the key and are passed over. */
  private static final Pattern PARAMETERS =
      Pattern.compile(
          "(?:; *+[a-z*][a-z0-9_.*-]*+(?:=(?:\"(?:[ !#-\\[\\]-~]|\\\\[\"\\\\])*+\"|[!#-+\\--:<-~]++))?+)*+");

  /** The leniency: without quotes, what can be neither a list nor a broken string. */
  private static final Pattern UNQUOTED = Pattern.compile("[!#-+\\--:<-\\[\\]-~]+");

  private static final Pattern PRINTABLE = Pattern.compile("[ -~]+");

  /**
   * @throws InvalidIdempotencyKeyException when the value is blank, too long, or has characters
   *     that are not printable ASCII
   */
  public IdempotencyKey {
    Objects.requireNonNull(origin);
    if (value.isBlank()) {
      throw new InvalidIdempotencyKeyException("it is empty");
    }
    if (value.length() > LONGEST) {
      throw new InvalidIdempotencyKeyException(
          "it has %d characters, more than %d".formatted(value.length(), LONGEST));
    }
    if (!PRINTABLE.matcher(value).matches()) {
      throw new InvalidIdempotencyKeyException("it has characters that are not printable ASCII");
    }
  }

  /**
   * Read the header: a structured-field string (RFC 9651) such as {@code "8e03978e-40d5"}. Without
   * quotes it is accepted too, as many clients send it so, and means the same key.
   *
   * @param fields the header's fields in the request, at least one
   * @throws InvalidIdempotencyKeyException when there are several, or the one is not a key
   */
  public static IdempotencyKey parse(List<String> fields) {
    if (fields.size() != 1) {
      throw new InvalidIdempotencyKeyException(
          "the request has %d of them".formatted(fields.size()));
    }
    return new IdempotencyKey(unquoted(fields.get(0).strip()), Origin.CLIENT);
  }

  /**
   * A key of the server's own, from the business content that makes two requests the same intent:
   * the cart, the invoice, the day. Dangerous when it says too little: then two intents become one
   * and the second is silently answered with the first one's response. Say everything in which two
   * different intents differ.
   *
   * @param parts at least one, in a fixed order; where one ends and the next begins counts
   */
  public static IdempotencyKey derivedFrom(String... parts) {
    if (parts.length == 0) {
      throw new IllegalArgumentException("a derived key needs at least one part");
    }
    Digest digest = new Digest("derived key");
    for (String part : parts) {
      digest.add(part);
    }
    return new IdempotencyKey(digest.hex(), Origin.DERIVED);
  }

  private static String unquoted(String field) {
    Matcher string = STRING.matcher(field);
    if (string.lookingAt()) {
      if (!PARAMETERS.matcher(field.substring(string.end()).strip()).matches()) {
        throw new InvalidIdempotencyKeyException("characters follow its closing quote");
      }
      return string.group(1).replaceAll("\\\\(.)", "$1");
    }
    if (!field.isEmpty() && !UNQUOTED.matcher(field).matches()) {
      throw new InvalidIdempotencyKeyException(
          "it is neither a quoted string nor plain characters without space, quote, comma,"
              + " semicolon and backslash");
    }
    return field;
  }
}
