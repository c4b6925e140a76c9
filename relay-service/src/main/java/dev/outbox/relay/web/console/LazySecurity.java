package dev.outbox.relay.web.console;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.type.MethodMetadata;

/**
 * Has security set up by the first request instead of at start: its classes and configuration take
 * as long as a good part of a takeover. No request passes before it is set up, since the servlet
 * container's filter asks for it.
 */
final class LazySecurity implements BeanFactoryPostProcessor {

  private static final String SPRING_SECURITY = "org.springframework.security.";
  private static final String SPRING_BOOT_SECURITY = "org.springframework.boot.security.";
  private static final String OWN = ConsoleSecurity.class.getName();

  @Override
  public void postProcessBeanFactory(ConfigurableListableBeanFactory beans) {
    for (String name : beans.getBeanDefinitionNames()) {
      BeanDefinition definition = beans.getBeanDefinition(name);
      String origin = origin(definition);
      if (origin.startsWith(SPRING_SECURITY)
          || origin.startsWith(SPRING_BOOT_SECURITY)
          || origin.equals(OWN)) {
        definition.setLazyInit(true);
      }
    }
  }

  /** The class that declares the bean, or that it is of. */
  private static String origin(BeanDefinition definition) {
    @Nullable MethodMetadata method =
        definition instanceof AnnotatedBeanDefinition annotated
            ? annotated.getFactoryMethodMetadata()
            : null;
    return method != null
        ? method.getDeclaringClassName()
        : Objects.requireNonNullElse(definition.getBeanClassName(), "");
  }
}
