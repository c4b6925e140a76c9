package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.Admission;
import dev.outbox.idempotency.http.Endpoint;
import dev.outbox.idempotency.http.Idempotency;
import dev.outbox.idempotency.http.IdempotencyKey;
import dev.outbox.idempotency.http.IdempotencyStoreException;
import dev.outbox.idempotency.http.IdempotentCall;
import dev.outbox.idempotency.http.IncomingRequest;
import dev.outbox.idempotency.http.Mode;
import dev.outbox.idempotency.http.Outcome;
import dev.outbox.idempotency.http.Problem;
import dev.outbox.idempotency.http.Stage;
import dev.outbox.idempotency.internal.Unavailability;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessResourceFailureException;
import org.springframework.dao.RecoverableDataAccessException;
import org.springframework.dao.TransientDataAccessException;
import org.springframework.transaction.TransactionException;
import org.springframework.transaction.TransactionSystemException;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Runs each request to an {@link Idempotent} method under its key. In atomic mode it owns the
 * transaction around the handler and the making of the response body, and writes to the client only
 * after the commit.
 */
final class IdempotencyFilter extends OncePerRequestFilter {

  private static final Logger log = LoggerFactory.getLogger(IdempotencyFilter.class);

  private final Idempotency idempotency;
  private final IdempotentEndpoints endpoints;
  private final RequestReader reader;
  private final int maxResponseSize;
  private final String problemTypeBase;

  IdempotencyFilter(
      Idempotency idempotency,
      IdempotentEndpoints endpoints,
      RequestReader reader,
      IdempotencyProperties properties) {
    this.idempotency = idempotency;
    this.endpoints = endpoints;
    this.reader = reader;
    this.maxResponseSize = Math.toIntExact(properties.maxResponseSize().toBytes());
    this.problemTypeBase = properties.problemTypeBase();
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    Optional<Endpoint> endpoint = endpoints.of(request);
    if (endpoint.isEmpty()) {
      chain.doFilter(request, response);
    } else if (hasKey(request, endpoint.get())) {
      keyed(endpoint.get(), request, response, chain);
    } else {
      unkeyed(endpoint.get(), request, response, chain);
    }
  }

  private static boolean hasKey(HttpServletRequest request, Endpoint endpoint) {
    return request.getHeader(IdempotencyKey.HEADER) != null || endpoint.derivesKeys();
  }

  /** The body need not be read. */
  private void unkeyed(
      Endpoint endpoint,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws ServletException, IOException {
    Admission admission = idempotency.admit(endpoint, reader.describe(request, new byte[0]));
    if (admission instanceof Admission.Refused refused) {
      write(response, Problem.of(refused.refusal()), endpoint);
    } else {
      chain.doFilter(request, response);
    }
  }

  private void keyed(
      Endpoint endpoint,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws ServletException, IOException {
    Optional<Problem> unreadable = reader.refusal(request);
    BufferedRequest buffered = null;
    if (unreadable.isEmpty()) {
      buffered = reader.buffer(request);
      unreadable = buffered.whole() ? Optional.empty() : Optional.of(reader.tooLarge());
    }
    if (buffered != null && unreadable.isEmpty()) {
      admitted(endpoint, buffered, response, chain);
    } else if (endpoint.stage() == Stage.OBSERVE) {
      chain.doFilter(buffered == null ? request : buffered, response);
    } else {
      write(response, unreadable.orElseThrow(), endpoint);
    }
  }

  private void admitted(
      Endpoint endpoint, BufferedRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    IncomingRequest incoming = reader.describe(request, request.body());
    Admission admission = idempotency.admit(endpoint, incoming);
    if (admission instanceof Admission.Keyed keyed) {
      answer(new Exchange(keyed.call(), request, response, chain, problemTypeBase));
    } else if (admission instanceof Admission.Refused refused) {
      write(response, Problem.of(refused.refusal()), endpoint);
    } else {
      observe(((Admission.Unkeyed) admission).observed(), request, response, chain);
    }
  }

  private void observe(
      Optional<IdempotentCall> observed,
      HttpServletRequest request,
      HttpServletResponse response,
      FilterChain chain)
      throws ServletException, IOException {
    int status = HttpServletResponse.SC_INTERNAL_SERVER_ERROR;
    try {
      chain.doFilter(request, response);
      status = response.getStatus();
    } finally {
      if (observed.isPresent()) {
        idempotency.observed(observed.get(), status);
      }
    }
  }

  private void answer(Exchange exchange) throws ServletException, IOException {
    Endpoint endpoint = exchange.call().endpoint();
    HttpServletResponse response = exchange.response();
    CapturedResponse captured =
        new CapturedResponse(response, maxResponseSize, endpoint.mode() == Mode.RESERVED);
    try {
      write(exchange, captured, exchange.run(idempotency, captured));
    } catch (NotReplayableException e) {
      log.atError()
          .addKeyValue("endpoint", endpoint.name())
          .log("response not replayable: {}", e.getMessage());
      write(response, Problem.responseNotReplayable(String.valueOf(e.getMessage())), endpoint);
    } catch (UnexpectedRollbackException e) {
      // The handler has swallowed the failure of a @Transactional method: a fault of its own, and
      // nothing is in doubt.
      throw e;
    } catch (TransactionSystemException e) {
      // How Spring names a commit that failed in words that it does not know. Refused by the
      // database, as by a deferred trigger, it is rolled back, and a repeat would end the same.
      if (Unavailability.isRefusal(e)) {
        throw e;
      }
      unavailable(endpoint, response, e);
    } catch (IdempotencyStoreException
        | TransactionException
        | DataAccessResourceFailureException
        | RecoverableDataAccessException
        | TransientDataAccessException
        | SQLException e) {
      unavailable(endpoint, response, e);
    } catch (ServletException | IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new ServletException(e);
    }
  }

  private void unavailable(Endpoint endpoint, HttpServletResponse response, Exception e)
      throws IOException {
    // One line: while the database is away each request comes by here.
    log.atWarn()
        .addKeyValue("endpoint", endpoint.name())
        .addKeyValue("failure", e.getClass().getSimpleName())
        .log("idempotency keys unavailable, answered 503: look at the database");
    log.atDebug().setCause(e).log("Why idempotency keys are unavailable");
    write(response, Problem.storeUnavailable(idempotency.retryAfter()), endpoint);
  }

  private void write(Exchange exchange, CapturedResponse captured, Outcome outcome)
      throws IOException {
    HttpServletResponse response = exchange.response();
    if (captured.passing()) {
      return;
    }
    if (outcome instanceof Outcome.Refusal refusal) {
      write(response, Problem.of(refusal), exchange.call().endpoint());
    } else if (outcome instanceof Outcome.Replayed replayed) {
      response.setHeader(ResponseWriter.REPLAYED, "true");
      ResponseWriter.expires(response, replayed.remembered());
      ResponseWriter.write(response, replayed.response(), List.of(), true);
    } else if (outcome instanceof Outcome.Executed executed) {
      if (executed.remembered().isEmpty() && captured.errorSent()) {
        response.sendError(captured.getStatus());
        return;
      }
      executed.remembered().ifPresent(until -> ResponseWriter.expires(response, until));
      ResponseWriter.write(response, captured.answer(), captured.cookies(), true);
    }
  }

  private void write(HttpServletResponse response, Problem problem, Endpoint endpoint)
      throws IOException {
    ResponseWriter.write(response, problem, problemTypeBase, endpoint);
  }
}
