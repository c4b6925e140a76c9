package dev.outbox.idempotency.http.spring;

import dev.outbox.idempotency.http.IdempotencyTransactions;
import dev.outbox.idempotency.http.Reservation;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.context.request.RequestAttributes;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;

/** Gives a handler of reserved mode its {@link Reservation}. */
record ReservationArgumentResolver(ObjectProvider<IdempotencyTransactions> transactions)
    implements HandlerMethodArgumentResolver {

  static final String ATTRIBUTE = Reservation.class.getName();

  @Override
  public boolean supportsParameter(MethodParameter parameter) {
    return parameter.getParameterType() == Reservation.class;
  }

  @Override
  public Object resolveArgument(
      MethodParameter parameter,
      @Nullable ModelAndViewContainer container,
      NativeWebRequest request,
      @Nullable WebDataBinderFactory binders) {
    Object reservation = request.getAttribute(ATTRIBUTE, RequestAttributes.SCOPE_REQUEST);
    return reservation != null ? reservation : Reservation.unkeyed(transactions.getObject());
  }
}
