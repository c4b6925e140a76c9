package dev.outbox.local;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * The programs of one PostgreSQL version. The build puts an archive of each version on the class
 * path; it is unpacked once per machine and user.
 */
final class PostgresBinaries {

  static final int OLDEST = 15;
  static final int NEWEST = 18;

  private static final Set<PosixFilePermission> READABLE_BY_ALL =
      PosixFilePermissions.fromString("rwxr-xr-x");

  private final Path home;

  private PostgresBinaries(Path home) {
    this.home = home;
  }

  static PostgresBinaries ofVersion(int version) {
    String archive =
        "postgres/%d/postgres-%s-%s.txz".formatted(version, operatingSystem(), architecture());
    try {
      Path home = cache().resolve("postgres-%d-%s".formatted(version, fingerprint(archive)));
      if (!Files.isDirectory(home)) {
        unpack(archive, home);
      }
      return new PostgresBinaries(home);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot unpack " + archive, e);
    }
  }

  String program(String name) {
    return home.resolve("bin").resolve(name).toString();
  }

  private static InputStream open(String archive) {
    InputStream stream = PostgresBinaries.class.getResourceAsStream(archive);
    if (stream == null) {
      throw new LocalStackException(
          "This build of the local stack has no %s. Build the module on this machine, or take a version of PostgreSQL that it has (on macOS the newest only)."
              .formatted(archive));
    }
    return stream;
  }

  private static String operatingSystem() {
    return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac")
        ? "darwin"
        : "linux";
  }

  private static String architecture() {
    return System.getProperty("os.arch", "").equals("aarch64") ? "arm_64" : "x86_64";
  }

  private static Path cache() throws IOException {
    Path directory =
        Path.of(
            System.getProperty("java.io.tmpdir", "/tmp"),
            "outbox-local-" + System.getProperty("user.name", "user"));
    return Files.createDirectories(directory);
  }

  private static String fingerprint(String archive) throws IOException {
    try (DigestInputStream stream =
        new DigestInputStream(open(archive), MessageDigest.getInstance("SHA-256"))) {
      stream.transferTo(OutputStream.nullOutputStream());
      return HexFormat.of().formatHex(stream.getMessageDigest().digest(), 0, 6);
    } catch (NoSuchAlgorithmException e) {
      throw new LocalStackException("This JVM has no SHA-256", e);
    }
  }

  private static void unpack(String archive, Path home) throws IOException {
    Path unfinished = Files.createTempDirectory(cache(), "unpacking-");
    try {
      extract(archive, unfinished);
      // A temporary directory is closed to others, and the server may run as another user.
      Files.setPosixFilePermissions(unfinished, READABLE_BY_ALL);
      Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Directories.delete(unfinished);
      // Another JVM may have been faster.
      if (!Files.isDirectory(home)) {
        throw e;
      }
    }
  }

  private static void extract(String archive, Path target) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(open(archive))))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        write(tar, entry, entry.resolveIn(target));
      }
    }
  }

  private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path target)
      throws IOException {
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Directories.ensureParent(target);
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
    } else if (entry.isLink()) {
      throw new IOException("Hard link in the archive: " + entry.getName());
    } else {
      Files.copy(tar, target);
      if ((entry.getMode() & 0100) != 0) {
        Files.setPosixFilePermissions(target, READABLE_BY_ALL);
      }
    }
  }
}
