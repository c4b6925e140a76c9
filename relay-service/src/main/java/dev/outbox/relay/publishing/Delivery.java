package dev.outbox.relay.publishing;

/**
 * Is told once per sending what became of a record, on Kafka's callback thread or on that of the
 * caller: complete, never block.
 */
public interface Delivery {

  /** All in-sync replicas have the record, and its transaction, if there is one, is committed. */
  void acknowledged();

  /** The record is not on its topic. */
  void failed(PublishFailure failure);
}
