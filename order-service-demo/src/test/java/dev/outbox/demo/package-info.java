/** The order service on real servers, over real HTTP. */
@NullMarked
package dev.outbox.demo;

import org.jspecify.annotations.NullMarked;
