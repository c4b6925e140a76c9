package dev.outbox.local.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.local.demo.Harm.Outcome;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlServerTest {

  private final HttpClient http = HttpClient.newHttpClient();
  private final AtomicInteger harmDone = new AtomicInteger();
  private final CountDownLatch mayEnd = new CountDownLatch(1);
  private final CountDownLatch brokenOff = new CountDownLatch(1);
  private final ControlServer control = ControlServer.open();

  @AfterEach
  void close() throws InterruptedException {
    control.close();
  }

  @Test
  void harmIsDoneAndToldWithItsFigures() throws Exception {
    serve();
    HttpResponse<String> answer = post("prick");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body())
        .matches("\\{\"what\":\"A \\\\\"prick\\\\\"\",\"millis\":[0-9]+,\"drops\":1}");
    assertThat(harmDone).hasValue(1);
  }

  @Test
  void theStateIsTold() throws Exception {
    serve();
    HttpResponse<String> answer = send(request("state").GET());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo("{\"broker\":{\"up\":true}}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "Bearer", "Bearer wrong", "Basic b3BlcmF0b3I6"})
  void whoDoesNotKnowTheTokenDoesNoHarm(String authorization) throws Exception {
    serve();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(control.url() + "/prick"))
            .POST(HttpRequest.BodyPublishers.noBody());
    if (!authorization.isEmpty()) {
      request.header("Authorization", authorization);
    }
    HttpResponse<String> answer = send(request);
    assertThat(answer.statusCode()).isEqualTo(401);
    assertThat(answer.headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
    assertThat(answer.body()).contains("remedy").doesNotContain(control.token());
    assertThat(harmDone).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"evil.example", "evil.example:%d", "127.0.0.1", "127.0.0.1:1"})
  void anotherHostNameIsRefusedAlsoWithTheToken(String host) throws Exception {
    serve();
    assertThat(raw("Host: " + host.formatted(port()))).contains(" 421 ");
    assertThat(harmDone).hasValue(0);
  }

  @Test
  void itsOwnNamesAreAccepted() throws Exception {
    serve();
    assertThat(raw("Host: localhost:" + port())).contains(" 200 ");
    assertThat(raw("Host: 127.0.0.1:" + port())).contains(" 200 ");
  }

  @Test
  void itListensAtThisMachineAlone() throws Exception {
    // Given an address of this machine that others see, if there is one
    for (InetAddress address : addressesThatOthersSee()) {
      // Then nobody answers there
      assertThatThrownBy(() -> new Socket(address, port()).close())
          .isInstanceOf(ConnectException.class);
    }
    assertThat(URI.create(control.url()).getHost()).isEqualTo("127.0.0.1");
  }

  private static List<InetAddress> addressesThatOthersSee() throws SocketException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
        .toList();
  }

  @Test
  void oneHarmOfAKindAtATime() throws Exception {
    // Given harm that is under way
    serve();
    CompletableFuture<HttpResponse<String>> first =
        http.sendAsync(harm("wound"), BodyHandlers.ofString());
    Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(harmDone).hasValue(1));
    // Then the same is refused, and another is not
    HttpResponse<String> second = post("wound");
    assertThat(second.statusCode()).isEqualTo(409);
    assertThat(second.body()).contains("wound", "remedy");
    assertThat(post("prick").statusCode()).isEqualTo(200);
    // And when it is done it can be done again
    mayEnd.countDown();
    assertThat(first.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    assertThat(post("wound").statusCode()).isEqualTo(200);
  }

  @Test
  void aFailureIsToldWithItsReasonAndDoesNotBlockTheNext() throws Exception {
    serve();
    for (int time = 0; time < 2; time++) {
      HttpResponse<String> answer = post("fail");
      assertThat(answer.statusCode()).isEqualTo(502);
      assertThat(answer.body()).contains("the knife is blunt", "remedy");
    }
  }

  @Test
  void wrongPathsAndMethodsAreToldWithTheRemedy() throws Exception {
    serve();
    assertThat(post("tickle").statusCode()).isEqualTo(404);
    assertThat(post("tickle").body()).contains("prick");
    HttpResponse<String> got = send(request("prick").GET());
    assertThat(got.statusCode()).isEqualTo(405);
    assertThat(got.headers().firstValue("Allow")).hasValue("POST");
    assertThat(harmDone).hasValue(0);
  }

  @Test
  void beforeEverythingRunsItAsksForPatience() throws Exception {
    assertThat(post("prick").statusCode()).isEqualTo(503);
  }

  @Test
  void closingBreaksOffWhatIsUnderWayAndWaitsForIt() throws Exception {
    // Given
    serve();
    var unused = http.sendAsync(harm("wound"), BodyHandlers.ofString());
    Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(harmDone).hasValue(1));
    // When
    control.close();
    // Then
    assertThat(brokenOff.getCount()).isZero();
  }

  private void serve() {
    control.serve(
        () -> Map.of("broker", Map.of("up", true)),
        Map.of(
            "prick",
            () -> {
              harmDone.incrementAndGet();
              return new Outcome("A \"prick\"", Map.of("drops", 1));
            },
            "wound",
            () -> {
              harmDone.incrementAndGet();
              try {
                mayEnd.await();
              } catch (InterruptedException e) {
                brokenOff.countDown();
                throw e;
              }
              return new Outcome("A wound");
            },
            "fail",
            () -> {
              throw new DemoException("the knife is blunt");
            }));
  }

  private HttpResponse<String> post(String harm) throws Exception {
    return http.send(harm(harm), BodyHandlers.ofString());
  }

  private HttpRequest harm(String name) {
    return request(name).POST(HttpRequest.BodyPublishers.noBody()).build();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(control.url() + "/" + path))
        .timeout(Duration.ofSeconds(20))
        .header("Authorization", "Bearer " + control.token());
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  /** With a Host of one's own, which Java's client does not send. */
  private String raw(String host) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port())) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              "POST /prick HTTP/1.1\r\n%s\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                  .formatted(host, control.token())
                  .getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private int port() {
    return URI.create(control.url()).getPort();
  }
}
