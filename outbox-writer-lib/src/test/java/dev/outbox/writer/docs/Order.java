package dev.outbox.writer.docs;

record Order(String id, long cents) {}
