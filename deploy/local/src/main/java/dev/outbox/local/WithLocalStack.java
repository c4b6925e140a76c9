package dev.outbox.local;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives the tests of a class real servers: parameters of type {@link LocalStack}, {@link
 * PostgresServer} and {@link KafkaServer}, shared by all test classes of the JVM. Keep apart by own
 * databases ({@link PostgresServer#createDatabase}) and topics, and start again what you stop.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(LocalStackExtension.class)
public @interface WithLocalStack {

  /** Servers in containers, whatever {@code outbox.stack} says; this needs Docker. */
  boolean containers() default false;
}
