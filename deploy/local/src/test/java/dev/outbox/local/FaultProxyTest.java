package dev.outbox.local;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FaultProxyTest {

  private static final int PATIENCE_MILLIS = 60_000;
  private static final int SILENCE_MILLIS = 200;

  private final AtomicLong received = new AtomicLong();
  private final Queue<Socket> served = new ConcurrentLinkedQueue<>();
  private int port;
  private @Nullable ServerSocket echo;
  private @Nullable Thread accepting;
  private FaultProxy proxy;

  @BeforeEach
  void startEchoBehindProxy() throws IOException {
    port = TcpPorts.free();
    startEcho();
    proxy = FaultProxy.before(port);
  }

  @AfterEach
  void closeBoth() throws IOException {
    proxy.close();
    stopEcho();
  }

  @Test
  void withoutAFaultEverythingPassesAndAnEndIsAnEnd() throws IOException {
    byte[] much = new byte[1_000_000];
    much[much.length - 1] = 7;
    try (Socket client = connect()) {
      Thread writer = new Thread(() -> writeQuietly(client, much));
      writer.start();
      assertThat(client.getInputStream().readNBytes(much.length)).isEqualTo(much);
      assertThat(proxy.connections()).isEqualTo(1);
      client.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
    await().atMost(PATIENCE).until(() -> proxy.connections() == 0);
  }

  @Test
  void theLastPieceOfAClientIsHeldUntilAnotherFollowsIt() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);
      proxy.holdLastPiece();

      client.getOutputStream().write(1);
      assertSilent(client);
      client.getOutputStream().write(2);
      assertThat(client.getInputStream().read()).isEqualTo(1);
      assertSilent(client);
      client.shutdownOutput();
      assertThat(client.getInputStream().read()).isEqualTo(2);
    }
  }

  @Test
  void aResetLosesTheLastPiece() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);
      proxy.holdLastPiece();

      client.getOutputStream().write(1);
      assertSilent(client);
      client.setSoLinger(true, 0);
    }
    await().atMost(PATIENCE).until(() -> proxy.connections() == 0);
    assertThat(received).hasValue(1);
  }

  @Test
  void aCutResetsWhatIsThereAndLetsNewConnectionsThrough() throws IOException {
    try (Socket before = connect();
        Socket other = connect()) {
      assertEchoes(before);
      assertEchoes(other);

      proxy.cut();

      assertThatThrownBy(() -> before.getInputStream().read())
          .isInstanceOf(SocketException.class)
          .hasMessageContaining("reset");
      assertThatThrownBy(() -> other.getInputStream().read()).isInstanceOf(SocketException.class);
      try (Socket after = connect()) {
        assertEchoes(after);
      }
    }
  }

  @Test
  void aCutSparesThoseWhoConnectAgainAtOnce() throws Exception {
    ExecutorService clients = Executors.newCachedThreadPool();
    try {
      List<Future<?>> returning = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        Socket before = connect();
        assertEchoes(before);
        returning.add(
            clients.submit(
                () -> {
                  try (before) {
                    assertThatThrownBy(() -> before.getInputStream().read())
                        .isInstanceOf(SocketException.class);
                  }
                  try (Socket after = connect()) {
                    assertEchoes(after);
                  }
                  return null;
                }));
      }

      proxy.cut();

      for (Future<?> client : returning) {
        client.get();
      }
    } finally {
      clients.shutdownNow();
    }
  }

  @Test
  void aCutAfterSomeBytesLetsJustThesePass() throws IOException {
    try (Socket client = connect()) {
      proxy.cutAfter(1_500);
      client.getOutputStream().write(new byte[1_000]);
      client.getInputStream().readNBytes(1_000);
      assertThat(proxy.cutPending()).isTrue();

      client.getOutputStream().write(new byte[1_000]);

      await().atMost(PATIENCE).until(() -> !proxy.cutPending());
      assertThatThrownBy(() -> client.getInputStream().readNBytes(1_000))
          .isInstanceOf(SocketException.class);
    }
    assertThat(received.get()).isLessThanOrEqualTo(1_500);
    try (Socket after = connect()) {
      assertEchoes(after);
    }
  }

  @Test
  void aCutAtTheAnswerStrikesWhenTheServerHasEverything() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);
      proxy.cutAtAnswer();
      assertThat(proxy.cutPending()).isTrue();
      received.set(0);

      client.getOutputStream().write(new byte[1_000]);

      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
      assertThat(received.get()).isEqualTo(1_000);
      assertThat(proxy.cutPending()).isFalse();
    }
    try (Socket after = connect()) {
      assertEchoes(after);
    }
  }

  @Test
  void refusedAreNewConnectionsOnly() throws IOException {
    try (Socket before = connect()) {
      assertEchoes(before);

      proxy.refuse();
      proxy.refuse();

      assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
      assertEchoes(before);

      proxy.accept();
      proxy.accept();

      try (Socket after = connect()) {
        assertEchoes(after);
        assertEchoes(before);
      }
    }
  }

  @Test
  void aStalledConnectionIsSilentAndLosesNothing() throws IOException {
    try (Socket before = connect()) {
      assertEchoes(before);

      proxy.stall();

      before.getOutputStream().write(1);
      assertSilent(before);
      try (Socket meanwhile = connect()) {
        meanwhile.getOutputStream().write(2);
        assertSilent(meanwhile);

        proxy.resume();

        assertThat(before.getInputStream().read()).isEqualTo(1);
        assertThat(meanwhile.getInputStream().read()).isEqualTo(2);
      }
    }
  }

  @Test
  void aStalledConnectionDoesNotTellTheEndOfTheServer() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);
      proxy.stall();
      stopEcho();
      assertSilent(client);
      proxy.resume();
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void aStalledConnectionCanBeCut() throws IOException {
    try (Socket client = connect()) {
      proxy.stall();
      client.getOutputStream().write(1);
      await().atMost(PATIENCE).until(() -> proxy.connections() == 1);
      proxy.cut();
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void aDelayHoldsBothDirections() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);
      proxy.delay(Duration.ofMillis(150));
      long begin = System.nanoTime();
      assertEchoes(client);
      assertThat(Duration.ofNanos(System.nanoTime() - begin))
          .isGreaterThanOrEqualTo(Duration.ofMillis(300));
    }
  }

  @Test
  void aDelayEndsForWhatItHolds() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);
      proxy.delay(Duration.ofHours(1));
      client.getOutputStream().write(1);
      assertSilent(client);
      proxy.delay(Duration.ZERO);
      assertThat(client.getInputStream().read()).isEqualTo(1);
    }
  }

  @Test
  void aServerThatIsAwayResetsAndIsServedAgainWhenItIsBack() throws IOException {
    stopEcho();
    try (Socket client = connect()) {
      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    }
    startEcho();
    try (Socket client = connect()) {
      assertEchoes(client);
    }
  }

  @Test
  void closingFreesThePortAndResetsConnections() throws IOException {
    try (Socket client = connect()) {
      assertEchoes(client);

      proxy.close();

      assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketException.class);
    }
    assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
    proxy.accept();
    assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(proxy.host(), proxy.port());
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  private static void assertEchoes(Socket client) throws IOException {
    client.getOutputStream().write(42);
    assertThat(client.getInputStream().read()).isEqualTo(42);
  }

  private static void assertSilent(Socket client) throws IOException {
    client.setSoTimeout(SILENCE_MILLIS);
    assertThatThrownBy(() -> client.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    client.setSoTimeout(PATIENCE_MILLIS);
  }

  private static void writeQuietly(Socket socket, byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      // The reading side fails the test then.
    }
  }

  private void startEcho() throws IOException {
    ServerSocket socket = new ServerSocket(port);
    echo = socket;
    accepting = daemon(() -> serve(socket));
  }

  private void stopEcho() throws IOException {
    if (echo != null) {
      echo.close();
    }
    // Until this thread has let go of the port it may take one more connection.
    await().atMost(PATIENCE).until(() -> accepting == null || !accepting.isAlive());
    for (Socket connection : served) {
      connection.close();
    }
  }

  private void serve(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        served.add(connection);
        var unused = daemon(() -> echo(connection));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void echo(Socket connection) {
    try (connection) {
      InputStream input = connection.getInputStream();
      byte[] buffer = new byte[4096];
      for (int n = input.read(buffer); n >= 0; n = input.read(buffer)) {
        received.addAndGet(n);
        connection.getOutputStream().write(buffer, 0, n);
      }
    } catch (IOException e) {
      // The client's end is what is looked at.
    }
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
