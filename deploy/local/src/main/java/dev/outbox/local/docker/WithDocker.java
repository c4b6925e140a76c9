package dev.outbox.local.docker;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * For tests that run containers. Where no Docker engine answers they are left out, and say so; with
 * {@code OUTBOX_TESTS_CONTAINERS=required} in the environment, as in CI, they run, and fail.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DockerCondition.class)
public @interface WithDocker {}
