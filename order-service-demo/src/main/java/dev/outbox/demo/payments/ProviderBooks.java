package dev.outbox.demo.payments;

import dev.outbox.demo.payments.PaymentCallback.Reported;
import dev.outbox.idempotency.jobs.Job;
import dev.outbox.idempotency.jobs.JobKey;
import dev.outbox.idempotency.jobs.spring.SpringJobQueue;
import java.util.List;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** What the simulated provider knows: it honours a key by remembering what it did under it. */
@Repository
class ProviderBooks {

  private final JdbcClient database;
  private final SpringJobQueue jobs;
  private final JsonMapper json;
  private final ProviderSettings settings;

  ProviderBooks(
      JdbcClient database, SpringJobQueue jobs, JsonMapper json, ProviderSettings settings) {
    this.database = database;
    this.jobs = jobs;
    this.json = json;
    this.settings = settings;
  }

  /**
   * @return how often this key was sent, this time included
   */
  @Transactional
  int received(Charge charge, String key) {
    return database
        .sql(
            """
            insert into provider_charge
              (idempotency_key, payment_id, order_id, amount, currency, requests)
            values (?, ?, ?, ?, ?, 1)
            on conflict (idempotency_key)
              do update set requests = provider_charge.requests + 1
            returning requests
            """)
        .params(
            key,
            "pay-" + UUID.randomUUID(),
            charge.orderId(),
            charge.amount().amount(),
            charge.amount().currency())
        .query(Integer.class)
        .single();
  }

  /** The charge, and the callbacks that will tell of it, unless they are there. */
  @Transactional
  String chargeOnce(Charge charge, String key, Behaviour behaviour) {
    boolean first =
        database
                .sql(
                    """
                    update provider_charge set charges = charges + 1
                    where idempotency_key = ? and charges = 0
                    """)
                .param(key)
                .update()
            == 1;
    String paymentId =
        database
            .sql("select payment_id from provider_charge where idempotency_key = ?")
            .param(key)
            .query(String.class)
            .single();
    if (first && settings.callbacks()) {
      outcomes(behaviour).forEach(outcome -> report(charge, paymentId, outcome));
    }
    return paymentId;
  }

  private static List<Reported> outcomes(Behaviour behaviour) {
    return behaviour == Behaviour.DECLINING
        ? List.of(Reported.FAILED)
        : List.of(Reported.AUTHORIZED, Reported.SETTLED);
  }

  /** Jobs have no order among them, so callbacks overtake each other, as they do in life. */
  private void report(Charge charge, String paymentId, Reported status) {
    String callback =
        json.writeValueAsString(new PaymentCallback(paymentId, status, charge.amount().amount()));
    JobKey key =
        new JobKey(
            charge.orderId().toString(), ProviderCallbacks.JOB_TYPE, paymentId + " " + status);
    jobs.enqueue(Job.of(key, callback));
  }
}
