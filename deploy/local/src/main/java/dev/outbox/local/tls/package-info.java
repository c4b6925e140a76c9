/** Certificates made where they are needed, so that tests meet good and bad ones. */
@NullMarked
package dev.outbox.local.tls;

import org.jspecify.annotations.NullMarked;
