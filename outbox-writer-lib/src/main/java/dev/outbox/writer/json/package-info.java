/**
 * Payloads in JSON by Jackson 3. Needs {@code tools.jackson.core:jackson-databind}, which the
 * library does not bring along.
 */
@NullMarked
package dev.outbox.writer.json;

import org.jspecify.annotations.NullMarked;
