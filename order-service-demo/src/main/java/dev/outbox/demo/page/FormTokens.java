package dev.outbox.demo.page;

import dev.outbox.idempotency.token.TokenResult;
import dev.outbox.idempotency.token.TokenScope;
import dev.outbox.idempotency.token.spring.SpringTokens;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.time.Duration;
import java.util.UUID;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseCookie;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.util.WebUtils;

/**
 * Anti-repeat tokens of the order form. An order that is sent with one spends it in the transaction
 * that places the order: the filter of the idempotency keys has begun it before any interceptor
 * runs, and rolls it back when the token is refused.
 */
@Component
class FormTokens implements HandlerInterceptor {

  static final String HEADER = "X-Form-Token";
  static final String VISITOR = "visitor";

  private static final String PURPOSE = "place-order";
  private static final Duration VALIDITY = Duration.ofHours(2);
  private static final Duration KEPT = Duration.ofHours(1);
  private static final int DELETED_AT_ONCE = 100;

  private final SpringTokens tokens;

  FormTokens(SpringTokens tokens) {
    this.tokens = tokens;
  }

  /** A token for this visitor; some that have expired long ago make room for it. */
  @Transactional
  public String issue(String visitor) {
    tokens.deleteExpired(KEPT, DELETED_AT_ONCE);
    return tokens.issue(scope(visitor), VALIDITY);
  }

  /** The shop knows no users, so whoever opens the page gets a name nobody else can guess. */
  static String newVisitor(HttpServletResponse response) {
    String name = UUID.randomUUID().toString();
    response.addHeader(
        HttpHeaders.SET_COOKIE,
        ResponseCookie.from(VISITOR, name)
            .httpOnly(true)
            .sameSite("Strict")
            .path("/")
            .build()
            .toString());
    return name;
  }

  @Override
  public boolean preHandle(
      HttpServletRequest request, HttpServletResponse response, Object handler) {
    String token = request.getHeader(HEADER);
    if (token == null || !request.getMethod().equals("POST")) {
      return true;
    }
    Cookie cookie = WebUtils.getCookie(request, VISITOR);
    if (cookie == null || cookie.getValue().isBlank()) {
      throw refusal(HttpStatus.BAD_REQUEST, "The token comes without its visitor: reload the page");
    }
    TokenResult result = tokens.spend(token, scope(cookie.getValue()));
    if (result instanceof TokenResult.AlreadySpent) {
      throw refusal(HttpStatus.CONFLICT, "This form was sent before, and its order is placed");
    }
    if (result instanceof TokenResult.Expired) {
      throw refusal(HttpStatus.GONE, "This form is too old: reload the page");
    }
    if (!result.accepted()) {
      throw refusal(HttpStatus.BAD_REQUEST, "This form's token is unknown: reload the page");
    }
    return true;
  }

  private static TokenScope scope(String visitor) {
    return new TokenScope(visitor, PURPOSE);
  }

  private static ErrorResponseException refusal(HttpStatus status, String detail) {
    return new ErrorResponseException(
        status, ProblemDetail.forStatusAndDetail(status, detail), null);
  }
}
