/** Chromium without a window, for tests that look at pages as people do. */
@NullMarked
package dev.outbox.local.browser;

import org.jspecify.annotations.NullMarked;
