package dev.outbox.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;

/**
 * An executable jar of Spring Boot, which hides its classes from {@code java -cp}: only the loader
 * inside it can run them.
 */
final class SpringBootJar {

  private static final String LOADER = "org.springframework.boot.loader.launch.PropertiesLauncher";

  private SpringBootJar() {}

  static boolean is(String classPath) {
    if (!classPath.endsWith(".jar") || !Files.isRegularFile(Path.of(classPath))) {
      return false;
    }
    try (JarFile jar = new JarFile(classPath)) {
      return jar.getEntry(LOADER.replace('.', '/') + ".class") != null;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + classPath, e);
    }
  }

  static List<String> command(String jar, String mainClass) {
    return List.of("-Dloader.main=" + mainClass, "-cp", jar, LOADER);
  }
}
