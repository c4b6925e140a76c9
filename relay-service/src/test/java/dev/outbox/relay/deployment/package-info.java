/** What {@code deploy/} holds for Kubernetes and Prometheus, checked against the relay itself. */
@NullMarked
package dev.outbox.relay.deployment;

import org.jspecify.annotations.NullMarked;
