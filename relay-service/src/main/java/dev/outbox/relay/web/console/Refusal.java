package dev.outbox.relay.web.console;

import org.springframework.http.HttpStatus;

/** A request that is not carried out, told with the remedy. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final HttpStatus status;
  private final String problem;
  private final String remedy;

  private Refusal(HttpStatus status, String problem, String remedy) {
    super(problem);
    this.status = status;
    this.problem = problem;
    this.remedy = remedy;
  }

  static Refusal badRequest(String problem, String remedy) {
    return new Refusal(HttpStatus.BAD_REQUEST, problem, remedy);
  }

  static Refusal notFound(String problem, String remedy) {
    return new Refusal(HttpStatus.NOT_FOUND, problem, remedy);
  }

  static Refusal forbidden(String problem, String remedy) {
    return new Refusal(HttpStatus.FORBIDDEN, problem, remedy);
  }

  static Refusal conflict(String problem, String remedy) {
    return new Refusal(HttpStatus.CONFLICT, problem, remedy);
  }

  static Refusal busy(String problem, String remedy) {
    return new Refusal(HttpStatus.TOO_MANY_REQUESTS, problem, remedy);
  }

  HttpStatus status() {
    return status;
  }

  String problem() {
    return problem;
  }

  String remedy() {
    return remedy;
  }
}
