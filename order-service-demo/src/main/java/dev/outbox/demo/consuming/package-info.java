/** What the consumers of this service have in common: an inbox each, and when it runs. */
@NullMarked
package dev.outbox.demo.consuming;

import org.jspecify.annotations.NullMarked;
