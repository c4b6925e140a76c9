package dev.outbox.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.AppInfoParser;

/** What figures are worth without: where and with what they were measured. */
final class Machine {

  private Machine() {}

  /** For what runs without servers. */
  static String describe() {
    return """
    | | |
    |---|---|
    | date | %s |
    | processor | %s, %d cores |
    | memory | %s |
    | system | %s %s |
    | Java | %s |
    """
        .formatted(
            LocalDate.now(ZoneOffset.UTC),
            line("/proc/cpuinfo", "model name"),
            Runtime.getRuntime().availableProcessors(),
            line("/proc/meminfo", "MemTotal"),
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            Runtime.version());
  }

  /** Processor time that all processes have taken since the machine began. */
  static Duration cpu() {
    String[] ticks = line("/proc/stat", "cpu ", ' ').split(" +");
    // User, nice, system; then idle and waiting, which are none; interrupts.
    return ProcessFigures.ticks(
        Stream.of(0, 1, 2, 5, 6).mapToLong(field -> Long.parseLong(ticks[field])).sum());
  }

  /** Time that others had the processors while processes here wanted to run. */
  static Duration stolen() {
    return ProcessFigures.ticks(Long.parseLong(line("/proc/stat", "cpu ", ' ').split(" +")[7]));
  }

  static String describe(Database database) {
    return describe()
        + "| PostgreSQL | %s, fsync on, on the same machine |\n"
            .formatted(database.query("show server_version"));
  }

  static String describe(Stack stack) {
    return describe(stack.database())
        + "| Kafka | %s, one broker, on the same machine |\n".formatted(AppInfoParser.getVersion());
  }

  /** The version of a library on the class path, as Maven has noted it in its jar. */
  static String library(String groupId, String artifactId) {
    String name = "META-INF/maven/%s/%s/pom.properties".formatted(groupId, artifactId);
    Properties properties = new Properties();
    try (InputStream file = Machine.class.getClassLoader().getResourceAsStream(name)) {
      if (file != null) {
        properties.load(file);
      }
      return properties.getProperty("version", "unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }

  private static String line(String file, String name) {
    return line(file, name, ':');
  }

  private static String line(String file, String name, char separator) {
    try (var lines = Files.lines(Path.of(file))) {
      return lines
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(line.indexOf(separator) + 1).strip())
          .findFirst()
          .orElse("unknown");
    } catch (IOException e) {
      return "unknown";
    }
  }
}
