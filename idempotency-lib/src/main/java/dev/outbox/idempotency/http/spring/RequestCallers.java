package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IncomingRequest.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.security.Principal;
import java.util.Optional;

/**
 * Says who asks: tenant and principal of a request, which are part of the scope of its key. Define
 * a bean of this type where the tenant or the principal is somewhere else than in the servlet API.
 * Called by any thread.
 */
@FunctionalInterface
public interface RequestCallers {

  /** Who asks, as authenticated; never as merely claimed by a header that anybody may send. */
  Caller of(HttpServletRequest request);

  /** The principal of the servlet API, as Spring Security gives it; no tenant. */
  static RequestCallers byPrincipal() {
    return request ->
        new Caller(
            Optional.empty(),
            Optional.ofNullable(request.getUserPrincipal()).map(Principal::getName));
  }
}
