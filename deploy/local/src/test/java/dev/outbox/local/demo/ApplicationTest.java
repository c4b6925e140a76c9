package dev.outbox.local.demo;

import static dev.outbox.local.Patience.PATIENCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplicationTest {

  /** So many that one who looks all the time sees a moment without a process. */
  private static final int KILLS = 5;

  private final HttpClient http = HttpClient.newHttpClient();

  @TempDir private Path directory;

  @Test
  void aRestartOnPurposeIsNoEndAndAnyOtherEndIs() throws Exception {
    try (Application application =
        Application.start(
            "service",
            jar(),
            directory.resolve("log"),
            "32m",
            20_000,
            List.of(),
            Map.of("SERVICE_SECRET", "sesame"))) {
      application.awaitHealthy(http);
      String url = application.url();
      // When it is killed and started again, then it is missed at no moment
      CompletableFuture<Void> restarting =
          CompletableFuture.runAsync(
              () -> {
                for (int kill = 0; kill < KILLS; kill++) {
                  application.killAndRestart(http);
                }
              });
      assertThatCode(
              () -> {
                while (!restarting.isDone()) {
                  application.requireAlive();
                }
              })
          .doesNotThrowAnyException();
      // And it runs where it ran, with what it was given
      restarting.join();
      assertThat(application.url()).isEqualTo(url);
      assertThat(application.isAlive(http)).isTrue();
      assertThat(application.kills()).isEqualTo(KILLS);
      // When it dies by itself, then that is told with its last words
      ProcessHandle.current()
          .descendants()
          .filter(process -> process.info().commandLine().orElse("").contains("service.jar"))
          .forEach(ProcessHandle::destroyForcibly);
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThatThrownBy(application::requireAlive)
                      .isInstanceOf(DemoException.class)
                      .hasMessageContaining("The service has ended with exit code 137")
                      .hasMessageContaining("I know sesame"));
    }
  }

  /** Answers everything with 200. */
  static final class Service {

    private Service() {}

    public static void main(String[] arguments) throws IOException {
      System.out.println("I know " + System.getenv("SERVICE_SECRET"));
      int port = Integer.parseInt(arguments[0].substring("--server.port=".length()));
      HttpServer server = HttpServer.create(new InetSocketAddress("localhost", port), 0);
      server.createContext(
          "/",
          exchange -> {
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
          });
      server.start();
    }
  }

  private Path jar() throws IOException {
    Path jar = directory.resolve("service.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, Service.class.getName());
    String entry = Service.class.getName().replace('.', '/') + ".class";
    try (JarOutputStream content = new JarOutputStream(Files.newOutputStream(jar), manifest);
        InputStream compiled =
            Objects.requireNonNull(Service.class.getClassLoader().getResourceAsStream(entry))) {
      content.putNextEntry(new JarEntry(entry));
      content.write(compiled.readAllBytes());
    }
    return jar;
  }
}
