/**
 * For the tests of applications: {@link dev.outbox.writer.test.RecordingOutbox} stands in for the
 * outbox, or in front of it, and says what was appended; {@link
 * dev.outbox.writer.test.AppendedEvents} reads what stands in the table. Needs no test framework.
 */
@NullMarked
package dev.outbox.writer.test;

import org.jspecify.annotations.NullMarked;
