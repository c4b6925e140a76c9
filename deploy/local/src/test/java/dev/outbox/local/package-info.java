@NullMarked
package dev.outbox.local;

import org.jspecify.annotations.NullMarked;
