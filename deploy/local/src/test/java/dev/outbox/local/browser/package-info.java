@NullMarked
package dev.outbox.local.browser;

import org.jspecify.annotations.NullMarked;
