/** Amounts of money. */
@NullMarked
package dev.outbox.demo.money;

import org.jspecify.annotations.NullMarked;
