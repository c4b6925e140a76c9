package dev.outbox.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * What a process has used so far, from {@code /proc}.
 *
 * @param residentMegabytes memory that is resident now
 * @param peakResidentMegabytes most memory that was resident at once
 * @param cpu processor time of all its threads
 */
record ProcessFigures(long residentMegabytes, long peakResidentMegabytes, Duration cpu) {

  private static final double MILLION = 1e6;
  private static final long KILOBYTES = 1024;
  private static final int USER_TIME = 11;
  private static final int OWN = 2;
  private static final int ENDED_CHILDREN_TOO = 4;

  static ProcessFigures of(long pid) {
    try {
      List<String> status = Files.readAllLines(Path.of("/proc", String.valueOf(pid), "status"));
      Duration cpu =
          ProcessHandle.of(pid)
              .flatMap(handle -> handle.info().totalCpuDuration())
              .orElse(Duration.ZERO);
      return new ProcessFigures(megabytes(status, "VmRSS:"), megabytes(status, "VmHWM:"), cpu);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot tell what process " + pid + " uses", e);
    }
  }

  /**
   * Processor time of a server with all its processes, also of those that have ended.
   *
   * @param pid the process that begins all others
   */
  static Duration cpuOfServer(long pid) {
    long ticks = ticks(pid, ENDED_CHILDREN_TOO);
    for (ProcessHandle process :
        ProcessHandle.of(pid).stream().flatMap(ProcessHandle::children).toList()) {
      ticks += ticks(process.pid(), OWN);
    }
    return ticks(ticks);
  }

  /** From the first field behind the name on; user and system, then those of ended children. */
  private static long ticks(long pid, int fields) {
    try {
      String stat = Files.readString(Path.of("/proc", String.valueOf(pid), "stat"));
      String[] figures = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return Arrays.stream(figures).skip(USER_TIME).limit(fields).mapToLong(Long::parseLong).sum();
    } catch (IOException e) { // it has ended meanwhile, and counts for the one that began it
      return 0;
    }
  }

  /** The kernel tells times to programs in hundredths of a second. */
  static Duration ticks(long ticks) {
    return Duration.ofMillis(10 * ticks);
  }

  private static long megabytes(List<String> status, String name) {
    return status.stream()
            .filter(line -> line.startsWith(name))
            .map(line -> line.replaceAll("[^0-9]", ""))
            .mapToLong(Long::parseLong)
            .findFirst()
            .orElseThrow()
        / KILOBYTES;
  }

  /** Processor time since the process had used that. */
  Duration cpuSince(ProcessFigures before) {
    return cpu.minus(before.cpu);
  }

  /** Seconds of processor time that a million events take when so many took this. */
  static double cpuSecondsPerMillion(Duration cpu, int events) {
    return cpu.toNanos() / 1e9 * MILLION / events;
  }
}
