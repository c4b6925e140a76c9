package dev.outbox.idempotency.http.spring;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Takes the attributes that looking for a handler sets, so that the request stays as it was. */
final class ProbedRequest extends HttpServletRequestWrapper {

  private final Map<String, @Nullable Object> changed = new HashMap<>();

  ProbedRequest(HttpServletRequest request) {
    super(request);
  }

  @Override
  public @Nullable Object getAttribute(String name) {
    return changed.containsKey(name) ? changed.get(name) : super.getAttribute(name);
  }

  @Override
  public void setAttribute(String name, @Nullable Object value) {
    changed.put(name, value);
  }

  @Override
  public void removeAttribute(String name) {
    changed.put(name, null);
  }
}
