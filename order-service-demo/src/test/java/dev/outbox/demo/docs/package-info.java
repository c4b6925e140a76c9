@NullMarked
package dev.outbox.demo.docs;

import org.jspecify.annotations.NullMarked;
