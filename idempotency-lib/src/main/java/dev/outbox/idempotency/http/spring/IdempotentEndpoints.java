package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.Endpoint;
import dev.outbox.idempotency.http.Idempotency;
import dev.outbox.idempotency.http.IdempotencyStore;
import dev.outbox.idempotency.http.KeyDerivation;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.PostgresIdempotencyStore;
import dev.outbox.idempotency.http.RetryWindow;
import dev.outbox.idempotency.http.Stage;
import dev.outbox.idempotency.http.spring.IdempotencyProperties.EndpointSettings;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Method;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.http.ResponseEntity;
import org.springframework.web.context.request.async.DeferredResult;
import org.springframework.web.context.request.async.WebAsyncTask;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerExecutionChain;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.servlet.mvc.method.annotation.ResponseBodyEmitter;
import org.springframework.web.servlet.mvc.method.annotation.StreamingResponseBody;
import org.springframework.web.util.ServletRequestPathUtils;

/** The handler methods marked {@link Idempotent}, read and checked at start. */
final class IdempotentEndpoints implements SmartInitializingSingleton {

  /** What answers after the handler has returned, when its transaction has ended. */
  private static final Set<Class<?>> LATE =
      Set.of(
          Callable.class,
          WebAsyncTask.class,
          DeferredResult.class,
          CompletionStage.class,
          Flow.Publisher.class,
          ResponseBodyEmitter.class,
          StreamingResponseBody.class);

  private static final String MAPPING = "requestMappingHandlerMapping";

  private final IdempotencyProperties properties;
  private final BeanFactory beans;
  private final Idempotency idempotency;
  private final Preparation whenUsed;
  private final Map<Handler, Endpoint> endpoints = new HashMap<>();
  private @Nullable RequestMappingHandlerMapping mapping;

  /**
   * @param whenUsed what is done at start when there is an endpoint
   */
  IdempotentEndpoints(
      IdempotencyProperties properties,
      BeanFactory beans,
      Idempotency idempotency,
      Preparation whenUsed) {
    this.properties = properties;
    this.beans = beans;
    this.idempotency = idempotency;
    this.whenUsed = whenUsed;
  }

  @Override
  public void afterSingletonsInstantiated() {
    defaultWindow();
    // Not before: filters are made while the web server starts, and would bring the handlers with
    // them too early.
    RequestMappingHandlerMapping handlers =
        beans.getBean(MAPPING, RequestMappingHandlerMapping.class);
    mapping = handlers;
    handlers.getHandlerMethods().forEach(this::register);
    refuseUnknown();
    if (!endpoints.isEmpty()) {
      prepare();
    }
  }

  private void refuseUnknown() {
    Set<String> unknown = new HashSet<>(properties.endpoints().keySet());
    endpoints.values().forEach(endpoint -> unknown.remove(endpoint.name()));
    if (!unknown.isEmpty()) {
      throw new IllegalStateException(
          "outbox.idempotency.endpoints has %s, and no @Idempotent method has such a name; known: %s"
              .formatted(unknown, endpoints.values().stream().map(Endpoint::name).toList()));
    }
  }

  private void prepare() {
    try {
      whenUsed.run();
    } catch (SQLException e) {
      throw new IllegalStateException("The database of the idempotency table cannot be asked", e);
    }
  }

  /** The endpoint this request goes to, if it is one with keys. */
  Optional<Endpoint> of(HttpServletRequest request) {
    return mapping == null || endpoints.isEmpty()
        ? Optional.empty()
        : handler(mapping, request).map(handler -> endpoints.get(Handler.of(handler)));
  }

  private static Optional<HandlerMethod> handler(
      RequestMappingHandlerMapping mapping, HttpServletRequest request) {
    ProbedRequest probed = new ProbedRequest(request);
    try {
      ServletRequestPathUtils.parseAndCache(probed);
      HandlerExecutionChain chain = mapping.getHandler(probed);
      return chain != null && chain.getHandler() instanceof HandlerMethod handler
          ? Optional.of(handler)
          : Optional.empty();
    } catch (Exception e) {
      // No handler takes this method, media type or version: the dispatcher will say so itself.
      return Optional.empty();
    }
  }

  private void register(RequestMappingInfo info, HandlerMethod handler) {
    Idempotent idempotent =
        AnnotatedElementUtils.findMergedAnnotation(handler.getMethod(), Idempotent.class);
    if (idempotent == null) {
      return;
    }
    String name = idempotent.name().isEmpty() ? name(info) : idempotent.name();
    refuseLate(name, handler);
    refuseAtomicElsewhere(name, idempotent.mode());
    boolean taken = endpoints.values().stream().anyMatch(other -> other.name().equals(name));
    if (taken) {
      throw new IllegalStateException(
          "two @Idempotent methods are named '%s': they would answer for each other"
              .formatted(name));
    }
    refuseWithoutTransactions(name, idempotent);
    endpoints.put(Handler.of(handler), endpoint(name, idempotent));
  }

  private Endpoint endpoint(String name, Idempotent idempotent) {
    EndpointSettings own =
        properties.endpoints().getOrDefault(name, new EndpointSettings(null, null));
    return new Endpoint(
        name,
        idempotent.mode(),
        own.stage() != null ? own.stage() : stage(idempotent),
        own.window() != null
            ? checked("outbox.idempotency.endpoints.%s.window".formatted(name), own.window())
            : window(name, idempotent),
        properties.fingerprintHeaders(),
        properties.outcomes().policy(),
        derivation(idempotent),
        properties.anonymous());
  }

  private void refuseAtomicElsewhere(String name, Mode mode) {
    IdempotencyStore store = beans.getBeanProvider(IdempotencyStore.class).getIfUnique();
    if (mode == Mode.ATOMIC && store != null && !(store instanceof PostgresIdempotencyStore)) {
      throw new IllegalStateException(
          "@Idempotent '%s' is in atomic mode, and the idempotency keys are in a %s: two stores"
                  .formatted(name, store.getClass().getSimpleName())
              + " cannot commit together. Give it mode = Mode.RESERVED, or leave the keys in"
              + " PostgreSQL (outbox.idempotency.store=postgres).");
    }
  }

  private Stage stage(Idempotent idempotent) {
    return idempotent.stage().length > 0 ? idempotent.stage()[0] : properties.stage();
  }

  private Duration window(String name, Idempotent idempotent) {
    return idempotent.window().isEmpty()
        ? defaultWindow()
        : checked(
            "the window of @Idempotent '%s'".formatted(name),
            DurationStyle.detectAndParse(idempotent.window()));
  }

  private Duration defaultWindow() {
    Duration window = properties.window();
    return window == null
        ? properties.retry().window().recommended()
        : checked("outbox.idempotency.window", window);
  }

  private Duration checked(String setting, Duration window) {
    RetryWindow needed = properties.retry().window();
    needed.check(setting, window);
    return window;
  }

  private KeyDerivation derivation(Idempotent idempotent) {
    return idempotent.derivedBy().length > 0
        ? beans.getBean(idempotent.derivedBy()[0])
        : KeyDerivation.NONE;
  }

  private static String name(RequestMappingInfo info) {
    String methods =
        info.getMethodsCondition().isEmpty() ? "*" : join(info.getMethodsCondition().getMethods());
    return methods + " " + join(info.getPatternValues());
  }

  private static String join(Set<?> parts) {
    return String.join(",", parts.stream().map(String::valueOf).sorted().toList());
  }

  private void refuseWithoutTransactions(String name, Idempotent idempotent) {
    if (idempotent.mode() == Mode.ATOMIC && !idempotency.isAtomicPossible()) {
      throw new IllegalStateException(
          "@Idempotent '%s' is in atomic mode, which takes a PostgresIdempotencyStore and one"
                  .formatted(name)
              + " transaction manager on its data source. Mark one PlatformTransactionManager as"
              + " primary, define a bean of type IdempotencyTransactions, or use mode RESERVED.");
    }
  }

  private static void refuseLate(String name, HandlerMethod handler) {
    ResolvableType type = ResolvableType.forMethodReturnType(handler.getMethod());
    Class<?> answer =
        type.toClass() == ResponseEntity.class ? type.getGeneric(0).toClass() : type.toClass();
    if (LATE.stream().anyMatch(late -> late.isAssignableFrom(answer))) {
      throw new IllegalStateException(
          "@Idempotent '%s' returns %s, whose answer comes after the handler: it could neither be"
                  .formatted(name, answer.getSimpleName())
              + " stored with the effect nor replayed. Return the whole answer.");
    }
  }

  /** What an endpoint needs. */
  @FunctionalInterface
  interface Preparation {

    void run() throws SQLException;
  }

  /** The method alone is not enough: controllers may inherit one. */
  private record Handler(Class<?> controller, Method method) {

    static Handler of(HandlerMethod handler) {
      return new Handler(handler.getBeanType(), handler.getMethod());
    }
  }
}
