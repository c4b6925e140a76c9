package dev.outbox.relay.deployment;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;

/** A chart of {@code deploy/kubernetes}, rendered by Helm itself, without a cluster. */
final class Chart {

  static final Path DEPLOY = Path.of("..", "deploy").toAbsolutePath().normalize();
  static final Path RELAY = DEPLOY.resolve("kubernetes/outbox-relay");
  static final Path ORDERS = DEPLOY.resolve("kubernetes/values-orders.yaml");

  static final String RELEASE = "orders";
  static final String NAMESPACE = "shop";

  /** The oldest that Chart.yaml allows. */
  private static final String OLDEST_KUBERNETES = "1.29.0";

  private final Path directory;

  Chart(Path directory) {
    this.directory = directory;
  }

  /** The example of a service with the relay beside it; its dependencies are put into a copy. */
  static Chart service(Path folder) {
    try (Stream<Path> files =
        Files.walk(DEPLOY.resolve("kubernetes"), FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = folder.resolve(DEPLOY.relativize(file).toString());
        Files.createDirectories(copy.getParent());
        Files.copy(file, copy);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot copy the charts to " + folder, e);
    }
    Path service = folder.resolve("kubernetes/order-service");
    new Helm(service).dependency().update().call();
    return new Chart(service);
  }

  LintResult lint() {
    return new Helm(directory).lint().strict().call();
  }

  /** With the values of a file. */
  String render(Path values) {
    return template().withValuesFile(values).call();
  }

  /** With the values of a file, and others by their paths. */
  String render(Path values, Map<String, Object> more) {
    TemplateCommand template = template().withValuesFile(values);
    more.forEach(template::set);
    return template.call();
  }

  /** With the chart's own values. */
  String render() {
    return template().call();
  }

  private TemplateCommand template() {
    return new Helm(directory)
        .template()
        .withName(RELEASE)
        .withNamespace(NAMESPACE)
        .withKubeVersion(OLDEST_KUBERNETES);
  }
}
