/** What the relay shows over HTTP. */
@NullMarked
package dev.outbox.relay.web;

import org.jspecify.annotations.NullMarked;
