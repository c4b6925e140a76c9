package dev.outbox.demo.http;

import java.net.URI;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.web.ErrorResponseException;

/** Refusals as problem details (RFC 9457). Types are stable: clients may branch on them. */
public final class Problems {

  private static final String TYPE_BASE = "urn:order-service:problem:";

  private Problems() {}

  /**
   * One field of a request that cannot be accepted.
   *
   * @param field its name, with dots for fields of fields
   */
  public record Mistake(String field, String message) {}

  /** There is nothing at this address. */
  public static ErrorResponseException notFound(String detail) {
    return refusal(ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, detail));
  }

  /** A field whose value only the service can judge. */
  public static ErrorResponseException field(String field, String message) {
    return refusal(of(HttpStatus.BAD_REQUEST, List.of(new Mistake(field, message))));
  }

  /**
   * A refusal of a type of its own.
   *
   * @param name end of the type's URI
   * @param title the same for every problem of this type
   */
  public static ProblemDetail of(HttpStatus status, String name, String title, String detail) {
    ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
    problem.setType(URI.create(TYPE_BASE + name));
    problem.setTitle(title);
    return problem;
  }

  /** To be thrown by a handler. */
  public static ErrorResponseException refusal(ProblemDetail problem) {
    return new ErrorResponseException(HttpStatus.valueOf(problem.getStatus()), problem, null);
  }

  /** A refusal that passes: the same request may be sent again after so many seconds. */
  public static ErrorResponseException passing(ProblemDetail problem, int seconds) {
    ErrorResponseException refusal = refusal(problem);
    refusal.getHeaders().set(HttpHeaders.RETRY_AFTER, String.valueOf(seconds));
    return refusal;
  }

  static ProblemDetail of(HttpStatusCode status, List<Mistake> mistakes) {
    List<Mistake> sorted =
        mistakes.stream()
            .sorted(Comparator.comparing(Mistake::field).thenComparing(Mistake::message))
            .toList();
    ProblemDetail problem =
        ProblemDetail.forStatusAndDetail(
            status,
            sorted.stream()
                .map(mistake -> mistake.field() + " " + mistake.message())
                .collect(Collectors.joining("; ")));
    problem.setProperty("errors", sorted);
    return problem;
  }
}
