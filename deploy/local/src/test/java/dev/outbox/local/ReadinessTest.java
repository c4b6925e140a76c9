package dev.outbox.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import org.junit.jupiter.api.Test;

class ReadinessTest {

  @Test
  void aPortThatKeepsAConnectionIsOpen() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(Readiness.isOpen(address(server))).isTrue();
    }
  }

  @Test
  void aPortThatDropsItsConnectionsIsNotOpenYet() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread proxy = new Thread(() -> acceptAndDrop(server), "dropping proxy");
      proxy.start();
      assertThat(Readiness.isOpen(address(server))).isFalse();
      proxy.join();
    }
  }

  @Test
  void aPortWithoutListenerIsNotOpen() {
    String address = "localhost:" + TcpPorts.free();
    assertThatThrownBy(() -> Readiness.isOpen(address)).isInstanceOf(IOException.class);
  }

  private static void acceptAndDrop(ServerSocket server) {
    try {
      server.accept().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String address(ServerSocket server) {
    return server.getInetAddress().getHostAddress() + ":" + server.getLocalPort();
  }
}
