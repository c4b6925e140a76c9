/** Keeps the stock ledger: applies each {@code OrderPlaced} event once, through the inbox. */
@NullMarked
package dev.outbox.demo.stock;

import org.jspecify.annotations.NullMarked;
