package dev.outbox.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What does an event cost inside the relay's process? JMH measures it, this makes the page. */
@Command(
    name = "inside",
    description = "Makes the page of what JMH has measured inside the relay.",
    mixinStandardHelpOptions = true)
final class InsideCommand implements Runnable {

  @Option(
      names = "--results",
      required = true,
      description = "what JMH has written with -rf csv -prof gc")
  private Path results = Path.of("");

  @Override
  public void run() {
    List<JmhResult> all = JmhResult.parse(lines());
    List<JmhResult> times = all.stream().filter(JmhResult::isTime).toList();
    Report report = new Report("inside", "Inside the relay", "bash benchmarks/run inside");
    report.add(Machine.describe());
    report.table(
        "Time and memory of one event",
        List.of("", "time", "±", "unit", "bytes allocated"),
        times.stream()
            .map(
                time ->
                    List.of(
                        time.shortName(),
                        "%,.1f".formatted(time.score()),
                        "%,.1f".formatted(time.error()),
                        time.unit(),
                        allocated(time, all)))
            .toList());
    report.chart(
        "time",
        "time of one event, " + times.get(0).unit(),
        times.stream().map(JmhResult::shortName).toList(),
        times.stream().map(JmhResult::score).toList());
    report.write();
  }

  private static String allocated(JmhResult time, List<JmhResult> all) {
    return all.stream()
        .filter(result -> result.isAllocationOf(time))
        .map(result -> "%,.0f".formatted(result.score()))
        .findFirst()
        .orElse("");
  }

  private List<String> lines() {
    try {
      return Files.readAllLines(results);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + results, e);
    }
  }
}
