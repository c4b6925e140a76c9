package dev.outbox.writer.docs;

interface OrderRepository {

  void save(Order order);
}
