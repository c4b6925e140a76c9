package dev.outbox.relay.web.console;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.relay.config.RelaySettings;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.authentication.AuthenticationProvider;
import org.springframework.security.authentication.BadCredentialsException;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.AuthenticationException;
import org.springframework.security.core.authority.SimpleGrantedAuthority;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.crypto.password.Pbkdf2PasswordEncoder;
import org.springframework.security.web.authentication.WebAuthenticationDetails;

/**
 * Knows the one operator of the settings. A guess takes the same time whether the name or the
 * password is wrong, one is checked at a time, and who guesses often waits.
 */
final class OperatorLogin implements AuthenticationProvider {

  private static final Logger LOG = LoggerFactory.getLogger(OperatorLogin.class);

  /** How long to wait for another login that is being checked. */
  private static final Duration AT_ONCE = Duration.ofSeconds(1);

  /** A check is work on purpose: many at a time would leave nothing for health and the relay. */
  private final Semaphore checking = new Semaphore(1);

  private final RelaySettings.Console console;
  private final LoginThrottle throttle;
  private final PasswordEncoder encoder = Pbkdf2PasswordEncoder.defaultsForSpringSecurity_v5_8();
  private @Nullable String encodedPassword;

  OperatorLogin(RelaySettings.Console console, LoginThrottle throttle) {
    this.console = console;
    this.throttle = throttle;
  }

  /** Too many wrong guesses came from an address, or too many at the same time. */
  static final class GuessedTooOften extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    private final Duration wait;

    GuessedTooOften(Duration wait) {
      super("Too many logins are tried.");
      this.wait = wait;
    }

    Duration patience() {
      return wait;
    }
  }

  @Override
  public Authentication authenticate(Authentication given) {
    boolean mine = !checking.hasQueuedThreads() && acquire();
    if (!mine) {
      throw new GuessedTooOften(AT_ONCE);
    }
    try {
      return check(given);
    } finally {
      checking.release();
    }
  }

  private boolean acquire() {
    try {
      return checking.tryAcquire(AT_ONCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private Authentication check(Authentication given) {
    String address =
        given.getDetails() instanceof WebAuthenticationDetails details
            ? String.valueOf(details.getRemoteAddress())
            : "";
    Duration wait = throttle.wait(address);
    if (!wait.isZero()) {
      throw new GuessedTooOften(wait);
    }
    if (!isOperator(given)) {
      throttle.failed(address);
      // Not the name that was given: people type passwords into the wrong field.
      LOG.atWarn().addKeyValue("from", address).log("A login to the console was refused");
      throw new BadCredentialsException("Name or password is wrong.");
    }
    throttle.succeeded(address);
    return UsernamePasswordAuthenticationToken.authenticated(
        console.username(), null, List.of(new SimpleGrantedAuthority("ROLE_OPERATOR")));
  }

  private boolean isOperator(Authentication given) {
    boolean named =
        MessageDigest.isEqual(
            console.username().getBytes(UTF_8), String.valueOf(given.getName()).getBytes(UTF_8));
    boolean known = encoder.matches(String.valueOf(given.getCredentials()), encodedPassword());
    return named & known & console.hasOperator();
  }

  /** Made when it is first needed, since it takes a while. */
  private String encodedPassword() {
    String encoded = encodedPassword;
    if (encoded == null) {
      encoded = String.valueOf(encoder.encode(console.password()));
      encodedPassword = encoded;
    }
    return encoded;
  }

  @Override
  public boolean supports(Class<?> authentication) {
    return UsernamePasswordAuthenticationToken.class.isAssignableFrom(authentication);
  }
}
