package dev.outbox.local;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a server keeps its data: a directory that somebody named, or a temporary one. */
record DataDirectory(Path path, boolean temporary) {

  static DataDirectory of(@Nullable Path named, String temporaryPrefix) {
    return named == null
        ? new DataDirectory(Directories.temporary(temporaryPrefix), true)
        : new DataDirectory(Directories.ensure(named), false);
  }

  Path resolve(String name) {
    return path.resolve(name);
  }

  void deleteIfTemporary() {
    if (temporary) {
      Directories.delete(path);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
