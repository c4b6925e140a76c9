/** For tests that need a Docker engine. */
@NullMarked
package dev.outbox.local.docker;

import org.jspecify.annotations.NullMarked;
