/** The console: what an operator sees and does in a browser. */
@NullMarked
package dev.outbox.relay.web.console;

import org.jspecify.annotations.NullMarked;
