package dev.outbox.benchmarks;

import java.util.ArrayList;
import java.util.List;

/**
 * One line of the result file that JMH writes with {@code -rf csv}.
 *
 * @param benchmark class and method, and behind a colon what a profiler measured beside
 * @param error half the width of the score's 99.9 % confidence interval; not a number when there
 *     was but one iteration
 */
record JmhResult(String benchmark, double score, double error, String unit) {

  private static final String ALLOCATED = ":gc.alloc.rate.norm";

  /** Reads the lines of a file, its heading first. */
  static List<JmhResult> parse(List<String> lines) {
    List<String> heading = fields(lines.get(0));
    int benchmark = column(heading, "Benchmark");
    int score = column(heading, "Score");
    int error = column(heading, "Score Error (99.9%)");
    int unit = column(heading, "Unit");
    List<JmhResult> results = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      List<String> fields = fields(line);
      results.add(
          new JmhResult(
              fields.get(benchmark),
              Double.parseDouble(fields.get(score)),
              Double.parseDouble(fields.get(error)),
              fields.get(unit)));
    }
    return results;
  }

  private static List<String> fields(String line) {
    return List.of(line.replace("\"", "").split(",", -1));
  }

  private static int column(List<String> heading, String name) {
    int column = heading.indexOf(name);
    if (column < 0) {
      throw new BenchmarkException("This is no result of JMH in CSV: no column '" + name + "'");
    }
    return column;
  }

  /** Whether it is the time of the benchmark itself. */
  boolean isTime() {
    return benchmark.indexOf(':') < 0;
  }

  /** Whether it is the memory that one operation of this benchmark allocates. */
  boolean isAllocationOf(JmhResult time) {
    return benchmark.equals(time.benchmark + ALLOCATED);
  }

  /** Class and method without package. */
  String shortName() {
    int method = benchmark.lastIndexOf('.');
    return benchmark.substring(benchmark.lastIndexOf('.', method - 1) + 1).replace("Benchmark", "");
  }
}
