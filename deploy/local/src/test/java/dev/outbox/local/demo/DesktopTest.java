package dev.outbox.local.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class DesktopTest {

  @Test
  void thereIsOneWhereAScreenIs() {
    assertThat(Desktop.of("Linux", Map.of("DISPLAY", ":0"))).isPresent();
    assertThat(Desktop.of("Linux", Map.of("WAYLAND_DISPLAY", "wayland-0"))).isPresent();
    assertThat(Desktop.of("Mac OS X", Map.of())).isPresent();
  }

  @Test
  void thereIsNoneOnAServer() {
    assertThat(Desktop.of("Linux", Map.of())).isEmpty();
    assertThat(Desktop.of("Linux", Map.of("DISPLAY", ""))).isEmpty();
    assertThat(Desktop.of("Mac OS X", Map.of("SSH_CONNECTION", "10.0.0.1"))).isEmpty();
  }
}
