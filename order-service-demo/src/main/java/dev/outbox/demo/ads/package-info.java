/** What clicks on advertisements cost: each click is an event, and its cost is counted once. */
@NullMarked
package dev.outbox.demo.ads;

import org.jspecify.annotations.NullMarked;
