package dev.outbox.demo.payments;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Component;

/** The provider as the order service sees it: a call that may fail, or not answer in time. */
@Component
class PaymentProvider implements DisposableBean {

  private final SimulatedProvider provider;
  private final ProviderSettings settings;

  /** The provider's threads: who has given up waiting does not stop it. */
  private final ExecutorService calls =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "provider");
            thread.setDaemon(true);
            return thread;
          });

  PaymentProvider(SimulatedProvider provider, ProviderSettings settings) {
    this.provider = provider;
    this.settings = settings;
  }

  /**
   * Charges once for each key, however often it is asked.
   *
   * @return the provider's number of the payment
   */
  String charge(Charge charge, String key, Behaviour behaviour) throws ProviderException {
    Future<String> answer = calls.submit(() -> provider.charge(charge, key, behaviour));
    try {
      return answer.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new ProviderException(
          HttpStatus.GATEWAY_TIMEOUT,
          "The payment provider did not answer within " + settings.timeout(),
          e);
    } catch (ExecutionException e) {
      throw new ProviderException(
          HttpStatus.BAD_GATEWAY, "The payment provider answered with an error", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ProviderException(
          HttpStatus.SERVICE_UNAVAILABLE, "Stopped while the payment provider was at work", e);
    }
  }

  @Override
  public void destroy() {
    calls.shutdownNow();
  }
}
