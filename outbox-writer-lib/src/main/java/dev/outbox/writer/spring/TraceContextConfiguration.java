package dev.outbox.writer.spring;

import dev.outbox.writer.HeaderSource;
import dev.outbox.writer.tracing.MicrometerTraceContext;
import dev.outbox.writer.tracing.OpenTelemetryTraceContext;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.propagation.Propagator;
import io.opentelemetry.api.trace.Span;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;

/**
 * Sources of the trace context for what is on the class path. With both, Micrometer is asked first
 * and OpenTelemetry gives what it leaves open, for example under the Java agent, which Micrometer's
 * tracer without a bridge knows nothing of.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnProperty(name = "outbox.writer.trace-context", matchIfMissing = true)
class TraceContextConfiguration {

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(Tracer.class)
  static class MicrometerConfiguration {

    /** The beans are looked up late, so that the order of auto-configurations does not matter. */
    @Bean
    @Order(1)
    HeaderSource outboxMicrometerTraceContext(
        ObjectProvider<Tracer> tracers, ObjectProvider<Propagator> propagators) {
      Tracer tracer = tracers.getIfAvailable();
      Propagator propagator = propagators.getIfAvailable();
      return tracer == null || propagator == null
          ? event -> Map.of()
          : new MicrometerTraceContext(tracer, propagator);
    }
  }

  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(Span.class)
  static class OpenTelemetryConfiguration {

    @Bean
    @Order(2)
    HeaderSource outboxOpenTelemetryTraceContext() {
      return new OpenTelemetryTraceContext();
    }
  }
}
