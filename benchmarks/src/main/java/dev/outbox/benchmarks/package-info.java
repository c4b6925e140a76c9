/** Measures the relay and what else brings an outbox to Kafka, side by side. */
@NullMarked
package dev.outbox.benchmarks;

import org.jspecify.annotations.NullMarked;
