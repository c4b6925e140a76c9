package dev.outbox.local.browser;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** What {@link WithBrowser} says. */
final class BrowserExtension implements ParameterResolver, ExecutionCondition {

  private static final Namespace NAMESPACE = Namespace.create(BrowserExtension.class);
  private static final String REQUIREMENT = "OUTBOX_TESTS_BROWSER";

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    return BrowserPrograms.find().isPresent() || "required".equals(System.getenv(REQUIREMENT))
        ? ConditionEvaluationResult.enabled("There is a browser, or there must be one")
        : ConditionEvaluationResult.disabled("No browser on the PATH. " + BrowserPrograms.REMEDY);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Browser.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    // The class's own store, so that JUnit closes the browser after its last test.
    ExtensionContext owner = context;
    while (owner.getTestMethod().isPresent()) {
      owner = owner.getParent().orElseThrow();
    }
    return owner
        .getStore(NAMESPACE)
        .computeIfAbsent(Browser.class, key -> Browser.start(), Browser.class);
  }
}
