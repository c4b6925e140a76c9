package dev.outbox.demo.http;

import dev.outbox.demo.http.Problems.Mistake;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.transaction.CannotCreateTransactionException;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.web.bind.MethodArgumentNotValidException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import tools.jackson.core.JacksonException;

/** Problem details (RFC 9457) that name the field, which Spring's own do not. */
@RestControllerAdvice
class ProblemAnswers extends ResponseEntityExceptionHandler {

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
    return handleExceptionInternal(
        failure, Problems.of(status, mistakes), headers, status, request);
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
            : Problems.of(status, List.of(new Mistake(field, "has a value of the wrong type")));
    return handleExceptionInternal(failure, problem, headers, status, request);
  }

  /** Every change of this service may be sent again, so that it need not be known what was done. */
  @ExceptionHandler({
    CannotCreateTransactionException.class,
    TransactionSystemException.class,
    DataAccessResourceFailureException.class,
    RecoverableDataAccessException.class,
    TransientDataAccessException.class
  })
  ResponseEntity<ProblemDetail> databaseAway(Exception failure) {
    logger.warn("Answered 503: " + failure.getClass().getSimpleName());
    return ResponseEntity.status(HttpStatus.SERVICE_UNAVAILABLE)
        .header(HttpHeaders.RETRY_AFTER, "1")
        .body(
            Problems.of(
                HttpStatus.SERVICE_UNAVAILABLE,
                "database-unavailable",
                "It is not known whether the request took effect",
                "Send the same request again: it takes effect at most once."));
  }
}
