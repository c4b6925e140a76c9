package dev.outbox.demo.http;

import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.spring.Idempotent;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.headers.Header;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.IntegerSchema;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.parameters.HeaderParameter;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.responses.ApiResponses;
import org.springdoc.core.customizers.GlobalOperationCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.method.HandlerMethod;

/** The OpenAPI document at {@code /v3/api-docs}, with what the annotations of handlers imply. */
@Configuration(proxyBeanMethods = false)
class OpenApiDocument {

  private static final String PROBLEM = "Problem";

  @Bean
  OpenAPI document() {
    return new OpenAPI()
        .info(
            new Info()
                .title("Order service")
                .version("1")
                .description(
                    "An order shop that stays right when requests, callbacks and events are"
                        + " repeated. Every request may be sent again: where it says"
                        + " Idempotency-Key, with the same key and body."
                        + " Amounts of money are in minor units of their currency."))
        .components(new Components().addSchemas(PROBLEM, problemSchema()));
  }

  @Bean
  GlobalOperationCustomizer repeatsAndProblems() {
    return (operation, method) -> {
      Idempotent idempotent = method.getMethodAnnotation(Idempotent.class);
      if (idempotent != null) {
        describeKey(operation, idempotent);
      }
      describeProblems(operation, method, idempotent != null);
      return operation;
    };
  }

  private static void describeKey(Operation operation, Idempotent idempotent) {
    operation.addParametersItem(
        new HeaderParameter()
            .name("Idempotency-Key")
            .required(true)
            .example("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"")
            .description(
                "One for each intent, sent with every attempt. A repeat has no second effect and"
                    + " gets the first answer, with Idempotency-Replayed: true."
                    + (idempotent.mode() == Mode.RESERVED
                        ? " While the first attempt is at work, a repeat gets 409."
                        : ""))
            .schema(new StringSchema().minLength(1).maxLength(255)));
    operation
        .getResponses()
        .forEach(
            (status, response) -> {
              if (status.startsWith("2")) {
                response.addHeaderObject(
                    "Idempotency-Replayed",
                    new Header().description("true for a repeat").schema(new StringSchema()));
                response.addHeaderObject(
                    "Idempotency-Expires",
                    new Header()
                        .description("Until when a repeat gets this answer")
                        .schema(new StringSchema()));
              }
            });
  }

  private static void describeProblems(Operation operation, HandlerMethod method, boolean keyed) {
    ApiResponses responses = operation.getResponses();
    if (!method.hasMethodAnnotation(GetMapping.class)) {
      problem(responses, "400", "A field, the body or the key is missing or wrong");
      problem(responses, "503", "The database is away; send the same again");
    }
    if (keyed) {
      problem(responses, "409", "The first attempt is at work, or the state does not allow it");
      problem(responses, "413", "The body is too large");
      problem(responses, "415", "Not JSON");
      problem(responses, "422", "The key was used for another request");
    }
    problem(responses, "default", "Anything else that was refused");
  }

  private static void problem(ApiResponses responses, String status, String description) {
    responses.computeIfAbsent(status, s -> new ApiResponse().description(description));
    responses
        .get(status)
        .content(
            new Content()
                .addMediaType(
                    "application/problem+json",
                    new MediaType()
                        .schema(new Schema<>().$ref("#/components/schemas/" + PROBLEM))));
  }

  private static Schema<?> problemSchema() {
    return new ObjectSchema()
        .description("Problem details, RFC 9457")
        .addProperty("type", new StringSchema().format("uri"))
        .addProperty("title", new StringSchema())
        .addProperty("status", new IntegerSchema())
        .addProperty("detail", new StringSchema())
        .addProperty("instance", new StringSchema().format("uri"));
  }
}
