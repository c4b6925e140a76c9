/**
 * Payments: one for each order, asked for at a simulated provider in reserved mode, and its outcome
 * taken from callbacks that come repeated, late and out of order.
 */
@NullMarked
package dev.outbox.demo.payments;

import org.jspecify.annotations.NullMarked;
