package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.KeyDerivation;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Stage;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Requests to this handler method take effect once for each {@code Idempotency-Key}. The key's
 * scope is tenant, principal ({@link RequestCallers}) and this endpoint.
 *
 * <p>In atomic mode the method runs in a transaction that also stores the response, and
 * {@code @Transactional} beans join it. A method that answers asynchronously or streams is refused
 * at start.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Idempotent {

  /**
   * The stable name of the endpoint, part of the scope and of metrics. Unless given it is method
   * and pattern, such as {@code POST /orders}; then a renamed path makes every key new.
   */
  String name() default "";

  /** How effect and record are kept together. */
  Mode mode() default Mode.ATOMIC;

  /** At most one; otherwise {@code outbox.idempotency.stage}. The endpoint's property overrides. */
  Stage[] stage() default {};

  /**
   * How long a key is remembered, such as {@code 72h}; otherwise {@code outbox.idempotency.window}.
   * The endpoint's property overrides.
   */
  String window() default "";

  /** At most one: the bean that derives keys for requests that bring none. */
  Class<? extends KeyDerivation>[] derivedBy() default {};
}
