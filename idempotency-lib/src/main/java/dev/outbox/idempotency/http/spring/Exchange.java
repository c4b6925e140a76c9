package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.Idempotency;
import dev.outbox.idempotency.http.IdempotentCall;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Outcome;
import dev.outbox.idempotency.http.Problem;
import dev.outbox.idempotency.http.Reservation;
import dev.outbox.idempotency.http.StoredResponse;
import dev.outbox.idempotency.http.StoredResponse.HeaderField;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.springframework.http.HttpHeaders;

/** One request under a key, and where its answer goes. */
record Exchange(
    IdempotentCall call,
    BufferedRequest request,
    HttpServletResponse response,
    FilterChain chain,
    String problemTypeBase) {

  /** Run the handler, or not, as the key says. */
  Outcome run(Idempotency idempotency, CapturedResponse captured) throws Exception {
    return call.endpoint().mode() == Mode.ATOMIC
        ? idempotency.atomic(call, connection -> handledAtOnce(captured))
        : idempotency.reserved(call, reservation -> handledIn(reservation, captured));
  }

  private StoredResponse handledAtOnce(CapturedResponse captured)
      throws ServletException, IOException {
    handle(captured);
    if (captured.tooLong()) {
      throw new NotReplayableException(
          "It has more than the %d bytes of outbox.idempotency.max-response-size."
              .formatted(captured.getBufferSize()));
    }
    return captured.answer();
  }

  private StoredResponse handledIn(Reservation reservation, CapturedResponse captured)
      throws ServletException, IOException {
    request.setAttribute(ReservationArgumentResolver.ATTRIBUTE, reservation);
    handle(captured);
    return captured.tooLong() ? inPlaceOf(captured) : captured.answer();
  }

  private void handle(CapturedResponse captured) throws ServletException, IOException {
    try {
      chain.doFilter(request, captured);
    } catch (ServletException | IOException | RuntimeException e) {
      if (request.asyncStarted()) {
        throw asynchronous();
      }
      throw e;
    }
    if (request.asyncStarted()) {
      throw asynchronous();
    }
  }

  private static NotReplayableException asynchronous() {
    return new NotReplayableException("The handler answers asynchronously or streams.");
  }

  /** What repeats get in place of an answer that went out and is too long to keep. */
  private StoredResponse inPlaceOf(CapturedResponse captured) {
    if (captured.getStatus() >= 400) {
      return new StoredResponse(captured.getStatus(), List.of(), new byte[0]);
    }
    Problem problem = Problem.responseNotKept(captured.getBufferSize());
    List<HeaderField> headers = new ArrayList<>();
    headers.add(new HeaderField(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE));
    captured
        .getHeaders(HttpHeaders.LOCATION)
        .forEach(location -> headers.add(new HeaderField(HttpHeaders.LOCATION, location)));
    return new StoredResponse(
        problem.status(),
        headers,
        problem.json(problemTypeBase, call.endpoint().window()).getBytes(StandardCharsets.UTF_8));
  }
}
