package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class JmhResultTest {

  @Test
  void timesAndAllocationsBelongTogether() {
    List<JmhResult> results =
        JmhResult.parse(
            """
            "Benchmark","Mode","Threads","Samples","Score","Score Error (99.9%)","Unit"
            "dev.outbox.relay.routing.EventRouterBenchmark.plain","avgt",1,5,123.5,NaN,"ns/op"
            "dev.outbox.relay.routing.EventRouterBenchmark.plain:gc.alloc.rate.norm","avgt",1,5,640.000000,0.5,"B/op"
            "dev.outbox.relay.routing.EventRouterBenchmark.plain:gc.count","avgt",1,5,9,NaN,"counts"
            """
                .lines()
                .toList());
    assertThat(results).filteredOn(JmhResult::isTime).hasSize(1);
    JmhResult time = results.get(0);
    assertThat(time.shortName()).isEqualTo("EventRouter.plain");
    assertThat(time.score()).isEqualTo(123.5);
    assertThat(time.error()).isNaN();
    assertThat(results)
        .filteredOn(result -> result.isAllocationOf(time))
        .singleElement()
        .extracting(JmhResult::score)
        .isEqualTo(640.0);
  }

  @Test
  void anotherFileIsRefused() {
    assertThatThrownBy(() -> JmhResult.parse(List.of("a,b")))
        .isInstanceOf(BenchmarkException.class)
        .hasMessageContaining("Benchmark");
  }
}
