package dev.outbox.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
