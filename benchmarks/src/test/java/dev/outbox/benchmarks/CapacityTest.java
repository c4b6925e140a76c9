package dev.outbox.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.benchmarks.Capacity.Demand;
import dev.outbox.benchmarks.Capacity.Need;
import dev.outbox.benchmarks.Capacity.Room;
import dev.outbox.benchmarks.Capacity.Strategy;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class CapacityTest {

  private static final Demand DEMAND = new Demand(1_000, Duration.ofHours(1), 100e6, 10e6);

  @Test
  void whatIsKeptIsDividedByTheRoomOfAServer() {
    Need need = new Strategy("rows", Room.DISK, 100, 300, 5_000).need(DEMAND);
    assertThat(need.bytesKept()).isEqualTo(360e6);
    assertThat(need.serversForRoom()).isEqualTo(4);
    assertThat(need.serversForRate()).isEqualTo(1);
    assertThat(need.bytesLoggedPerSecond()).isEqualTo(300_000);
    assertThat(need.limit()).isEqualTo("disk");
  }

  @Test
  void whatStandsInMemoryIsDividedByTheMemory() {
    Need need = new Strategy("keys", Room.MEMORY, 100, 0, 100_000).need(DEMAND);
    assertThat(need.serversForRoom()).isEqualTo(36);
    assertThat(need.limit()).isEqualTo("memory");
  }

  @Test
  void whatDoesNotGrowIsBoundByTheRate() {
    Need need = new Strategy("marks", Room.DISK, 0, 200, 400).need(DEMAND);
    assertThat(need.serversForRoom()).isEqualTo(1);
    assertThat(need.serversForRate()).isEqualTo(3);
    assertThat(need.limit()).isEqualTo("transactions");
  }
}
