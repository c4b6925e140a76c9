package dev.outbox.demo.payments;

import dev.outbox.demo.money.Money;
import java.util.UUID;

/**
 * What the provider is asked to take.
 *
 * @param orderId our reference, which comes back with its callbacks
 */
record Charge(UUID orderId, Money amount) {}
