package dev.outbox.demo.page;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.atomic.LongAdder;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Counts what clients of the shop ask for, by what they really get: it stands in front of
 * everything and looks at the answer. In memory, so the counts begin with the process.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE)
class HttpCounts extends OncePerRequestFilter {

  private static final String REPLAYED = "Idempotency-Replayed";
  private static final int FIRST_REFUSAL = 400;

  private final LongAdder asked = new LongAdder();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder replayed = new LongAdder();
  private final LongAdder refused = new LongAdder();

  /**
   * The counts.
   *
   * @param asked requests that would change something
   * @param accepted answered with success, replays aside; a callback that comes again is one too
   * @param replayed answered with what the first one had got
   * @param refused answered with an error, of the client or of the server
   */
  record Counts(long asked, long accepted, long replayed, long refused) {}

  @Override
  protected boolean shouldNotFilter(HttpServletRequest request) {
    String path = request.getRequestURI();
    return !request.getMethod().equals("POST")
        || !(path.startsWith("/orders") || path.startsWith("/ad-clicks"));
  }

  @Override
  protected void doFilterInternal(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws ServletException, IOException {
    asked.increment();
    boolean thrown = true;
    try {
      chain.doFilter(request, response);
      thrown = false;
    } finally {
      if (thrown || response.getStatus() >= FIRST_REFUSAL) {
        refused.increment();
      } else if (response.getHeader(REPLAYED) != null) {
        replayed.increment();
      } else {
        accepted.increment();
      }
    }
  }

  Counts counts() {
    // The outcomes first, so that there are never more of them than requests.
    long yes = accepted.sum();
    long again = replayed.sum();
    long no = refused.sum();
    return new Counts(asked.sum(), yes, again, no);
  }
}
