/** The page's audit, and the page in a browser. */
@NullMarked
package dev.outbox.demo.page;

import org.jspecify.annotations.NullMarked;
