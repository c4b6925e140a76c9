/** Parts of the demonstration; the whole is tested where the jars of the services are. */
@NullMarked
package dev.outbox.local.demo;

import org.jspecify.annotations.NullMarked;
