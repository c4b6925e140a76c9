package dev.outbox.writer;

/** Bytes as they are, copied, since the array stays the caller's. */
record BytesSerializer(String contentType) implements EventSerializer<byte[]> {

  @Override
  public byte[] serialize(byte[] bytes) {
    return bytes.clone();
  }
}
