package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

  @Test
  void aPageHoldsItsCommandItsTablesAndItsCharts(@TempDir Path directory) {
    Report report = new Report(directory, "speed", "How fast", "bash benchmarks/run speed");
    report.table("All", List.of("", "events/s"), List.of(List.of("relay", "1,000")));
    report.chart("all", "events a second", List.of("relay"), List.of(1_000.0));
    report.write();
    assertThat(directory.resolve("speed.md"))
        .hasContent(
            """
            # How fast

            ```bash
            bash benchmarks/run speed
            ```

            ## All

            |  | events/s |
            |---|---:|
            | relay | 1,000 |

            ![events a second](speed-all.svg)
            """);
    assertThat(directory.resolve("speed-all.svg")).isNotEmptyFile();
  }
}
