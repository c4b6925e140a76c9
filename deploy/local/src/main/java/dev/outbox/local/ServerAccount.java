package dev.outbox.local;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Under which account a PostgreSQL server runs: it refuses to run as root, as which containers and
 * build machines often are.
 */
enum ServerAccount {
  /** An ordinary user runs it as himself. */
  OWN("", false),

  /**
   * Root in a user namespace without a mapping: the server sees itself as nobody, and the system
   * still takes it for the owner of root's files. So data may lie anywhere, and nothing changes
   * hands.
   */
  NAMESPACE("unshare --user", false),

  /** Where namespaces are not allowed (Docker's default), the account nobody. */
  NOBODY("setpriv --reuid=65534 --regid=65534 --clear-groups", true);

  private final String launcher;
  private final boolean changesHands;

  ServerAccount(String launcher, boolean changesHands) {
    this.launcher = launcher;
    this.changesHands = changesHands;
  }

  static ServerAccount ofThisProcess() {
    if (new UnixSystem().getUid() != 0) {
      return OWN;
    }
    return NAMESPACE.works() ? NAMESPACE : NOBODY;
  }

  /**
   * The command, so that it runs under this account. The launchers replace themselves by the
   * program, so the process started is the server itself.
   */
  List<String> command(List<String> command) {
    return Stream.concat(
            Stream.of(launcher.split(" ")).filter(word -> !word.isEmpty()), command.stream())
        .toList();
  }

  /** Makes the account the owner of the folder and all in it. */
  void own(Path directory) {
    if (changesHands && run(List.of("chown", "-R", "65534:65534", directory.toString())) != 0) {
      throw new LocalStackException("Cannot hand the directory %s to nobody".formatted(directory));
    }
  }

  boolean works() {
    return run(command(List.of("true"))) == 0;
  }

  private static int run(List<String> command) {
    try {
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot run " + command.get(0), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LocalStackException("Interrupted while running " + command.get(0), e);
    }
  }
}
