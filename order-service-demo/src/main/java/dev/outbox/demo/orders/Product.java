package dev.outbox.demo.orders;

import dev.outbox.demo.money.Money;

/** Something the shop sells. */
record Product(String id, String name, Money price) {}
