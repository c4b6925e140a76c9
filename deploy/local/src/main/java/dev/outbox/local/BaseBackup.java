package dev.outbox.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;

/**
 * A copy of a running server's data directory, by the low-level backup functions: the archives that
 * servers are unpacked from have no {@code pg_basebackup}. The write-ahead log is not in it; who
 * starts on the copy streams it.
 */
final class BaseBackup {

  /** What a server makes itself, or what belongs to the other one. */
  private static final Set<String> LEFT_EMPTY =
      Set.of(
          "pg_wal",
          "pg_replslot",
          "pg_dynshmem",
          "pg_notify",
          "pg_serial",
          "pg_snapshots",
          "pg_stat_tmp",
          "pg_subtrans");

  private static final Set<String> LEFT_OUT =
      Set.of("postmaster.pid", "postmaster.opts", "postgresql.auto.conf", "pg_internal.init");

  private BaseBackup() {}

  /**
   * Copies while the server works.
   *
   * @throws LocalStackException if the server refuses
   */
  static void copy(LocalPostgres server, Path target) {
    try (Connection connection = server.connect("postgres");
        Statement statement = connection.createStatement()) {
      statement.execute("select pg_backup_start('replica', true)");
      Files.walkFileTree(server.data(), new Copy(server.data(), target));
      try (ResultSet stopped =
          statement.executeQuery("select labelfile from pg_backup_stop(false)")) {
        stopped.next();
        Files.writeString(target.resolve("backup_label"), stopped.getString(1));
      }
    } catch (SQLException e) {
      throw new LocalStackException("Cannot copy the data of " + server.data(), e);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot copy %s to %s".formatted(server.data(), target), e);
    }
  }

  private static final class Copy extends SimpleFileVisitor<Path> {

    private final Path source;
    private final Path target;

    Copy(Path source, Path target) {
      this.source = source;
      this.target = target;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
        throws IOException {
      Files.createDirectory(
          counterpart(directory),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      boolean empty = LEFT_EMPTY.contains(source.relativize(directory).toString());
      return empty ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      if (!LEFT_OUT.contains(String.valueOf(file.getFileName()))) {
        try {
          Files.copy(file, counterpart(file));
        } catch (NoSuchFileException removedMeanwhile) {
          // The write-ahead log knows.
        }
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (failure instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw failure;
    }

    private Path counterpart(Path path) {
      return target.resolve(source.relativize(path));
    }
  }
}
