package dev.outbox.demo.page;

/** What the page says of an order beside its way. */
record OrderBrief(String id, String userId, String status, String what) {}
