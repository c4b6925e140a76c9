package dev.outbox.relay.slot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.slot.Division.Member;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Which shards publish, as a change of their number proceeds. */
class DivisionTest {

  private static final Member WHOLE = new Member("orders", 7, false, false, false, true);

  private static Division of(Member... members) {
    return new Division(Arrays.asList(members));
  }

  private static Member shard(String label, boolean waits, boolean ended) {
    return new Member("orders-" + label, 8, waits, false, ended, false);
  }

  private static Member ended(Member member) {
    return new Member(member.name(), member.epoch(), member.waits(), true, true, false);
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
            new Member("orders", 9, true, false, false, false));
    assertThat(merging.now()).hasValue(2);
    assertThat(merging.next()).hasValue(1);
    assertThat(merging.formers()).isEmpty();
    assertThat(merging.isSettled()).isTrue();
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
    assertThat(begun.isSettled()).isFalse();
    assertThat(of(ended(WHOLE), shard("1of2", false, false)).isSettled()).isTrue();
  }

  @Test
  void oneThatWasTakenBackIsNone() {
    Division division = of(WHOLE, shard("1of2", true, true), shard("2of2", true, true));
    assertThat(division.now()).hasValue(1);
    assertThat(division.next()).isEmpty();
    assertThat(division.others(2)).containsExactly("orders");
    assertThat(division.isSettled()).isTrue();
    // And is one of which something is left, until that is removed
    assertThat(division.formers()).containsExactly(2);
    Member cleared = new Member("orders-1of2", 8, false, false, true, true);
    assertThat(of(WHOLE, cleared).formers()).isEmpty();
  }

  @Test
  void theLatestEpochBeforeIsThatOfOthers() {
    assertThat(of(WHOLE, shard("1of2", true, true)).latestEpochBefore(2)).isEqualTo(7);
    assertThat(of(WHOLE, shard("1of2", true, true)).latestEpochBefore(1)).isEqualTo(8);
    assertThat(of(WHOLE).latestEpochBefore(1)).isZero();
  }
}
