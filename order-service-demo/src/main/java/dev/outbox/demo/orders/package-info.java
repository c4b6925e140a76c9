/** Places orders: each one commits together with the event that tells of it. */
@NullMarked
package dev.outbox.demo.orders;

import org.jspecify.annotations.NullMarked;
