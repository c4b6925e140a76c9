package dev.outbox.demo.payments;

import dev.outbox.idempotency.jobs.JobAttempt;
import dev.outbox.idempotency.jobs.JobOutcome;
import dev.outbox.idempotency.jobs.JobWorker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The provider's other half: it reports outcomes over HTTP until they are taken. */
@Configuration(proxyBeanMethods = false)
class ProviderCallbacks {

  static final String JOB_TYPE = "payment-callback";
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

  @Bean(initMethod = "start", destroyMethod = "stop")
  JobWorker callbackWorker(JobWorker.Builder builder, Environment environment) {
    return builder
        .handler(JOB_TYPE, attempt -> report(attempt, environment))
        .concurrency(2)
        .pollInterval(Duration.ofMillis(200))
        .build();
  }

  private JobOutcome report(JobAttempt attempt, Environment environment)
      throws IOException, InterruptedException {
    String port = environment.getProperty("local.server.port", "");
    if (port.isEmpty()) {
      return JobOutcome.retry("the order service does not serve yet");
    }
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://localhost:%s/orders/%s/payment-callbacks"
                        .formatted(port, attempt.key().recipient())))
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(attempt.text()))
            .build();
    HttpResponse<Void> answer = http.send(request, BodyHandlers.discarding());
    return switch (answer.statusCode()) {
      case 200 -> JobOutcome.done();
      case 400, 404, 409, 422 -> JobOutcome.giveUp("refused with " + answer.statusCode());
      default -> JobOutcome.retry("answered with " + answer.statusCode());
    };
  }
}
