package dev.outbox.relay.deployment;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a container of the relay finds at {@code /etc/outbox-relay}, in a folder of the test: files
 * as the kubelet lays them out, behind a link that it moves when they change.
 */
final class MountedFiles {

  private static final String MOUNTED_AT = "/etc/outbox-relay";

  private final Path folder;

  MountedFiles(Path folder) {
    this.folder = folder;
  }

  /** The files of the chart's ConfigMap. */
  void configuration(ConfigMap configMap) {
    configMap
        .getData()
        .forEach((name, content) -> write("config", name, content.replace(MOUNTED_AT, here())));
  }

  /** A key of a Secret. */
  void secret(String key, String value) {
    write("secrets", key, value);
  }

  /**
   * What the environment says about the place of the settings: the container's variable, and one of
   * the image, which must not be in its way.
   */
  Map<String, String> properties(Container container) {
    String location =
        container.getEnv().stream()
            .filter(variable -> variable.getName().equals("SPRING_CONFIG_ADDITIONAL_LOCATION"))
            .map(EnvVar::getValue)
            .findFirst()
            .orElseThrow();
    return Map.of(
        "spring.config.additional-location",
        location.replace(MOUNTED_AT, here()),
        "spring.config.import",
        "optional:configtree:" + folder.resolve("nothing-is-mounted-here") + "/");
  }

  private String here() {
    return folder.toString();
  }

  private void write(String volume, String name, String content) {
    try {
      Path mount = Files.createDirectories(folder.resolve(volume));
      Path version = Files.createDirectories(mount.resolve("..2026_11_21"));
      Files.writeString(version.resolve(name), content);
      if (Files.notExists(mount.resolve("..data"))) {
        Files.createSymbolicLink(mount.resolve("..data"), version.getFileName());
      }
      Files.createSymbolicLink(mount.resolve(name), Path.of("..data", name));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + name + " below " + folder, e);
    }
  }
}
