package dev.outbox.demo.payments;

import org.jspecify.annotations.Nullable;

/**
 * How the simulated provider shall behave; a real shop would have the means of payment here.
 *
 * @param provider as {@code demo.provider.behaviour} says unless given
 */
record PayOrder(@Nullable Behaviour provider) {

  static final PayOrder AS_CONFIGURED = new PayOrder(null);
}
