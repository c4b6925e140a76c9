package dev.outbox.local;

import java.io.IOException;

/**
 * Ends a process when this JVM is gone, also when this JVM was killed: a shell that reads from a
 * pipe whose other end only this JVM holds, so the read returns when the JVM does not exist any
 * more.
 */
final class Watchdog {

  // Ctrl-C and the end of a terminal reach the shell too, which must stay until its work is done.
  // A stopped process sees no signal but CONT and KILL.
  private static final String SCRIPT =
      """
      trap '' INT TERM HUP
      read line
      kill -s "$1" "$2" && kill -s CONT "$2" && sleep 5 && kill -s KILL "$2"
      """;

  private Watchdog() {}

  static void watch(Process process, String endSignal) throws IOException {
    Process shell =
        new ProcessBuilder("sh", "-c", SCRIPT, "sh", endSignal, "" + process.pid())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    // Its number may soon be another process's.
    var unused = process.onExit().thenRun(shell::destroyForcibly);
  }
}
