package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.slot.Division.Member;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Which shards publish, as a change of their number proceeds. */
class DivisionTest {

  private static final Member WHOLE = new Member("orders", 7, false, false, false);

  private static Division of(Member... members) {
    return new Division(Arrays.asList(members));
  }

  private static Member shard(String label, boolean waits, boolean ended) {
    return new Member("orders-" + label, 8, waits, false, ended);
  }

  private static Member ended(Member member) {
    return new Member(member.name(), member.epoch(), member.waits(), true, true);
  }

  @Test
  void nothingIsThereYet() {
    assertThat(of().now()).isEmpty();
    assertThat(of().next()).isEmpty();
    assertThat(of().formers()).isEmpty();
  }

  @Test
  void thoseThatArePublishUntilAllHaveEnded() {
    Division prepared = of(WHOLE, shard("1of2", true, false), shard("2of2", true, false));
    assertThat(prepared.now()).hasValue(1);
    assertThat(prepared.next()).hasValue(2);
    assertThat(prepared.formers()).isEmpty();
    Division merging =
        of(
            shard("1of2", false, true),
            shard("2of2", false, false),
            new Member("orders", 9, true, false, false));
    assertThat(merging.now()).hasValue(2);
    assertThat(merging.next()).hasValue(1);
    assertThat(merging.formers()).isEmpty();
  }

  @Test
  void thenTheNextOnesDo() {
    Division due = of(ended(WHOLE), shard("1of2", true, false), shard("2of2", true, false));
    assertThat(due.now()).hasValue(2);
    assertThat(due.next()).isEmpty();
    assertThat(due.formers()).containsExactly(1);
    Division begun = of(ended(WHOLE), shard("1of2", false, false), shard("2of2", true, false));
    assertThat(begun.now()).hasValue(2);
    assertThat(begun.next()).isEmpty();
  }

  @Test
  void oneThatWasTakenBackIsNone() {
    Division division = of(WHOLE, shard("1of2", true, true), shard("2of2", true, true));
    assertThat(division.now()).hasValue(1);
    assertThat(division.next()).isEmpty();
    assertThat(division.others(2)).containsExactly("orders");
  }

  @Test
  void theLatestEpochIsThatOfAny() {
    assertThat(of(WHOLE, shard("1of2", true, true)).latestEpoch()).isEqualTo(8);
  }
}
