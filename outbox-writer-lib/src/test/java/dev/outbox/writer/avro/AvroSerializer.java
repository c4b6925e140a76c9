package dev.outbox.writer.avro;

import dev.outbox.writer.EventSerializer;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageEncoder;

/**
 * The worked example of {@code docs/writing-events.md}: Avro's single-object encoding, two marker
 * bytes, the fingerprint of the schema, the data. No registry: consumers have the schemas in their
 * own code, and find the writer's by its fingerprint.
 */
final class AvroSerializer implements EventSerializer<GenericRecord> {

  private final BinaryMessageEncoder<GenericRecord> encoder;

  AvroSerializer(Schema schema) {
    this.encoder = new BinaryMessageEncoder<>(GenericData.get(), schema);
  }

  @Override
  public byte[] serialize(GenericRecord event) throws IOException {
    ByteBuffer encoded = encoder.encode(event);
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(bytes);
    return bytes;
  }

  @Override
  public String contentType() {
    return "application/avro";
  }
}
