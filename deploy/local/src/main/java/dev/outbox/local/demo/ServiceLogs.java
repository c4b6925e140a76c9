package dev.outbox.local.demo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A temporary directory for the output of the services. */
record ServiceLogs(Path directory) {

  static ServiceLogs create() {
    try {
      return new ServiceLogs(Files.createTempDirectory("outbox-demo-"));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot make a temporary directory for the logs", e);
    }
  }

  Path relay() {
    return directory.resolve("relay.log");
  }

  Path orderService() {
    return directory.resolve("order-service.log");
  }

  Path replay() {
    return directory.resolve("replay.log");
  }

  void delete() {
    try {
      for (Path path : List.of(relay(), orderService(), replay(), directory)) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot delete " + directory, e);
    }
  }

  @Override
  public String toString() {
    return directory.toString();
  }
}
