package dev.outbox.relay.web.console;

import dev.outbox.relay.config.ShownSettings;
import dev.outbox.relay.failure.RelayException;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.converter.HttpMessageNotReadableException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Tells what is wrong with a request as a problem detail (RFC 9457), with the remedy. */
@RestControllerAdvice(basePackageClasses = ConsoleProblems.class)
final class ConsoleProblems {

  private final ShownSettings shown;

  ConsoleProblems(ShownSettings shown) {
    this.shown = shown;
  }

  @ExceptionHandler
  ProblemDetail refused(Refusal refusal) {
    return problem(refusal.status(), refusal.problem(), refusal.remedy());
  }

  @ExceptionHandler
  ProblemDetail failed(RelayException failure) {
    return problem(
        HttpStatus.SERVICE_UNAVAILABLE,
        shown.mask(failure.problem()),
        shown.mask(failure.remedy()));
  }

  @ExceptionHandler
  ProblemDetail unreadable(HttpMessageNotReadableException failure) {
    return problem(
        HttpStatus.BAD_REQUEST,
        "The request's body is no JSON object as it is expected here.",
        "See docs/operations.md.");
  }

  static ProblemDetail problem(HttpStatus status, String problem, String remedy) {
    ProblemDetail detail = ProblemDetail.forStatusAndDetail(status, problem);
    detail.setProperty("remedy", remedy);
    return detail;
  }
}
