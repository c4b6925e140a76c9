package dev.outbox.idempotency.http.redis;

import dev.outbox.idempotency.http.StoredResponse.HeaderField;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Lists of byte strings in one: each says its length before it. Two such lists, one after the
 * other, are a list.
 */
final class Packed {

  private Packed() {}

  static byte[] step(String name, byte[] result) {
    return pack(List.of(utf8(name), result));
  }

  static Map<String, byte[]> steps(byte[] packed) {
    Map<String, byte[]> steps = new LinkedHashMap<>();
    for (Iterator<byte[]> parts = unpack(packed).iterator(); parts.hasNext(); ) {
      steps.put(text(parts.next()), parts.next());
    }
    return steps;
  }

  static byte[] headers(List<HeaderField> headers) {
    return pack(
        headers.stream()
            .flatMap(header -> Stream.of(utf8(header.name()), utf8(header.value())))
            .toList());
  }

  static List<HeaderField> headers(byte[] packed) {
    List<HeaderField> headers = new ArrayList<>();
    for (Iterator<byte[]> parts = unpack(packed).iterator(); parts.hasNext(); ) {
      headers.add(new HeaderField(text(parts.next()), text(parts.next())));
    }
    return headers;
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String text(byte[] utf8) {
    return new String(utf8, StandardCharsets.UTF_8);
  }

  private static byte[] pack(List<byte[]> parts) {
    int length = parts.stream().mapToInt(part -> Integer.BYTES + part.length).sum();
    ByteBuffer packed = ByteBuffer.allocate(length);
    parts.forEach(part -> packed.putInt(part.length).put(part));
    return packed.array();
  }

  private static List<byte[]> unpack(byte[] packed) {
    ByteBuffer rest = ByteBuffer.wrap(packed);
    List<byte[]> parts = new ArrayList<>();
    while (rest.hasRemaining()) {
      byte[] part = new byte[rest.getInt()];
      rest.get(part);
      parts.add(part);
    }
    return parts;
  }
}
