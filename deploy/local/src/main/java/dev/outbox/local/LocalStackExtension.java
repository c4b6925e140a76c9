package dev.outbox.local;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/**
 * One {@link LocalStack} for all tests of a JVM. A server starts when the first test asks for it
 * and stops when the JVM has no more tests to run. What kind of servers, system property {@code
 * outbox.stack} says, see {@link LocalStack#fromSystemProperties()}, unless the class wants them in
 * containers; such classes share a stack of their own. Usually applied by {@link WithLocalStack}.
 */
public final class LocalStackExtension implements ParameterResolver {

  private static final Namespace NAMESPACE = Namespace.create(LocalStackExtension.class);

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    Class<?> type = parameter.getParameter().getType();
    return type == LocalStack.class || type == PostgresServer.class || type == KafkaServer.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    LocalStack stack = stack(context);
    Class<?> type = parameter.getParameter().getType();
    if (type == PostgresServer.class) {
      return stack.postgres();
    }
    return type == KafkaServer.class ? stack.kafka() : stack;
  }

  /** The stack of this JVM's tests, for other extensions; JUnit closes it at the end. */
  public static LocalStack stack(ExtensionContext context) {
    boolean containers = inContainers(context);
    return context
        // Not the store of the run: where Maven has several forks, each class is a run of its own.
        .getStore(StoreScope.LAUNCHER_SESSION, NAMESPACE)
        .computeIfAbsent(
            containers ? "in containers" : "as usual",
            key -> containers ? LocalStack.containers() : LocalStack.fromSystemProperties(),
            LocalStack.class);
  }

  private static boolean inContainers(ExtensionContext context) {
    return context
        .getTestClass()
        .flatMap(type -> AnnotationSupport.findAnnotation(type, WithLocalStack.class))
        .map(WithLocalStack::containers)
        .orElse(false);
  }
}
