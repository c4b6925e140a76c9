package dev.outbox.demo.orders;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import tools.jackson.core.JacksonException;

/** Problem details (RFC 9457) that name the field, which Spring's own do not. */
@RestControllerAdvice
class BadRequestProblems extends ResponseEntityExceptionHandler {

  /** One field of the request that cannot be accepted. */
  record Mistake(String field, String message) {}

  @Override
  protected @Nullable ResponseEntity<Object> handleMethodArgumentNotValid(
      MethodArgumentNotValidException failure,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    List<Mistake> mistakes =
        failure.getFieldErrors().stream()
            .map(error -> new Mistake(error.getField(), "" + error.getDefaultMessage()))
            .toList();
    return handleExceptionInternal(failure, problem(status, mistakes), headers, status, request);
  }

  @Override
  protected @Nullable ResponseEntity<Object> handleHttpMessageNotReadable(
      HttpMessageNotReadableException failure,
      HttpHeaders headers,
      HttpStatusCode status,
      WebRequest request) {
    String field =
        failure.getCause() instanceof JacksonException cause
            ? cause.getPath().stream()
                .map(JacksonException.Reference::getPropertyName)
                .collect(Collectors.joining("."))
            : "";
    ProblemDetail problem =
        field.isEmpty()
            ? ProblemDetail.forStatusAndDetail(status, "The body is not a JSON object")
            : problem(status, List.of(new Mistake(field, "has a value of the wrong type")));
    return handleExceptionInternal(failure, problem, headers, status, request);
  }

  private static ProblemDetail problem(HttpStatusCode status, List<Mistake> mistakes) {
    ProblemDetail problem =
        ProblemDetail.forStatusAndDetail(
            status,
            mistakes.stream()
                .map(mistake -> mistake.field() + " " + mistake.message())
                .sorted()
                .collect(Collectors.joining("; ")));
    problem.setProperty("errors", mistakes);
    return problem;
  }
}
