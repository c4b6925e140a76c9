package dev.outbox.idempotency.http;

import java.time.Duration;
import java.util.Set;

/**
 * An endpoint and what was decided for it. Immutable.
 *
 * @param name stable, part of the scope of its keys
 * @param mode how effect and record are kept together
 * @param stage how far it is on its way to idempotency keys
 * @param window how long a key is remembered; published to clients
 * @param fingerprintHeaders headers in which two different intents may differ
 * @param outcomes which answers are stored
 * @param derivation where keys come from when the client sends none
 * @param anonymous whether callers without a principal may use keys; they then share one scope, and
 *     whoever guesses a key reads its response
 */
public record Endpoint(
    String name,
    Mode mode,
    Stage stage,
    Duration window,
    Set<String> fingerprintHeaders,
    OutcomePolicy outcomes,
    KeyDerivation derivation,
    boolean anonymous) {

  /** {@code Content-Type}, which says how the body is to be read. */
  public static final Set<String> FINGERPRINT_HEADERS = Set.of("Content-Type");

  public Endpoint {
    if (window.isZero() || window.isNegative()) {
      throw new IllegalArgumentException(
          "the window of endpoint '%s' is %s".formatted(name, window));
    }
    fingerprintHeaders = Set.copyOf(fingerprintHeaders);
  }

  /** Atomic, keys required, 24 hours, keys only from clients that have a principal. */
  public static Endpoint named(String name) {
    return new Endpoint(
        name,
        Mode.ATOMIC,
        Stage.REQUIRED,
        RetryWindow.USUAL,
        FINGERPRINT_HEADERS,
        OutcomePolicy.DEFAULT,
        KeyDerivation.NONE,
        false);
  }

  public Endpoint with(Mode other) {
    return new Endpoint(
        name, other, stage, window, fingerprintHeaders, outcomes, derivation, anonymous);
  }

  public Endpoint with(Stage other) {
    return new Endpoint(
        name, mode, other, window, fingerprintHeaders, outcomes, derivation, anonymous);
  }

  public Endpoint with(Duration otherWindow) {
    return new Endpoint(
        name, mode, stage, otherWindow, fingerprintHeaders, outcomes, derivation, anonymous);
  }

  public Endpoint with(OutcomePolicy other) {
    return new Endpoint(
        name, mode, stage, window, fingerprintHeaders, other, derivation, anonymous);
  }

  public Endpoint with(KeyDerivation other) {
    return new Endpoint(name, mode, stage, window, fingerprintHeaders, outcomes, other, anonymous);
  }

  /** Whether a request without a key may get one from what it says. */
  public boolean derivesKeys() {
    return derivation != KeyDerivation.NONE;
  }

  /** For callers without a principal too. */
  public Endpoint forAnybody() {
    return new Endpoint(name, mode, stage, window, fingerprintHeaders, outcomes, derivation, true);
  }
}
