/** Keeps the stock ledger: what orders take and cancelled ones bring back, each once. */
@NullMarked
package dev.outbox.demo.stock;

import org.jspecify.annotations.NullMarked;
