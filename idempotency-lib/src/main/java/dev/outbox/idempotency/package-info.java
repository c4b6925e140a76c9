/** What events, HTTP requests, jobs and guards have in common. */
@NullMarked
package dev.outbox.idempotency;

import org.jspecify.annotations.NullMarked;
