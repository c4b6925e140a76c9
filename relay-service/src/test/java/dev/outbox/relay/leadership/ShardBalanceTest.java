package dev.outbox.relay.leadership;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.leadership.ShardBalance.Move;
import dev.outbox.relay.leadership.ShardClaims.Member;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ShardBalanceTest {

  private static final Set<Integer> NONE = Set.of();

  @Test
  void whoIsAloneTakesEverything() {
    assertThat(next(4, List.of(self(7, true)), NONE).claim()).containsExactlyInAnyOrder(1, 2, 3, 4);
  }

  @Test
  void whoHasFewestTakesWhatNobodyHas() {
    List<Member> members = List.of(self(7, true, 1), other(8, true, 2, 3));
    assertThat(next(4, members, Set.of(1)).claim()).containsExactly(4);
    assertThat(next(4, List.of(self(7, true, 1, 2), other(8, true, 3)), Set.of(1, 2)).claim())
        .isEmpty();
  }

  @Test
  void whoAsksForNothingTakesOnlyWhatNobodyWants() {
    List<Member> members = List.of(self(7, false), other(8, true, 1));
    assertThat(ShardBalance.next(2, members, NONE, NONE, NONE, NONE).claim()).isEmpty();
    assertThat(ShardBalance.next(2, members, NONE, NONE, NONE, Set.of(2)).claim())
        .containsExactly(2);
  }

  @Test
  void whoHasMostGivesOneAway() {
    List<Member> members = List.of(self(7, true, 1, 2, 3, 4), other(8, true));
    assertThat(next(4, members, Set.of(1, 2, 3, 4)).handOver()).contains(4);
    // but nothing that it does not publish yet, since nobody can tell where it is
    assertThat(next(4, members, Set.of(1, 2, 3)).handOver()).isEmpty();
    // and only to somebody who asks
    assertThat(
            next(4, List.of(self(7, true, 1, 2, 3, 4), other(8, false)), Set.of(1, 2, 3, 4))
                .handOver())
        .isEmpty();
  }

  @Test
  void nothingIsHandedToAnInstanceThatHasNotShownThatItCan() {
    Member busy = new Member(8, false, true, false, Set.of(5));
    assertThat(next(5, List.of(self(7, true, 1, 2, 3, 4), busy), Set.of(1, 2, 3, 4)).handOver())
        .isEmpty();
  }

  @Test
  void whatFailsHereIsLeftToOthersAndHoldsUpNothing() {
    Set<Integer> leading = Set.of(1, 2, 3);
    List<Member> members = List.of(self(7, true, 1, 2, 3), other(8, true));
    Move move = ShardBalance.next(4, members, leading, NONE, Set.of(4), NONE);
    assertThat(move.claim()).isEmpty();
    assertThat(move.handOver()).contains(3);
    // until nobody else wants it
    assertThat(ShardBalance.next(4, members, leading, NONE, Set.of(4), Set.of(4)).claim())
        .containsExactly(4);
  }

  @Test
  void ofTwoWhoHaveMostOneGives() {
    assertThat(handOver(self(7, true, 1, 2), other(8, true, 3, 4), other(9, true))).isPresent();
    assertThat(handOver(self(8, true, 1, 2), other(7, true, 3, 4), other(9, true))).isEmpty();
  }

  private static Optional<Integer> handOver(Member... members) {
    return next(4, List.of(members), members[0].claims()).handOver();
  }

  @Test
  void whatTwoHaveClaimedOneDrops() {
    List<Member> members = List.of(self(7, true, 1), other(8, true, 1, 2));
    assertThat(next(2, members, NONE).drop()).isEmpty();
    assertThat(next(2, List.of(self(9, true, 1), other(8, true, 1, 2)), NONE).drop())
        .containsExactly(1);
    // whoever publishes keeps it
    assertThat(next(2, List.of(self(9, true, 1), other(8, true, 1, 2)), Set.of(1)).drop())
        .isEmpty();
    // and who finds that the other does drops it
    assertThat(ShardBalance.next(2, members, NONE, Set.of(1), NONE, NONE).drop())
        .containsExactly(1);
  }

  /** Everybody decides at the same time, from what was to be seen before. */
  @Property(tries = 300)
  void fromAnyBeginningTheSharesBecomeFairAndStay(
      @ForAll @IntRange(min = 1, max = 32) int shards,
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 10_000) Integer> seeds) {
    List<Set<Integer>> claims = new ArrayList<>();
    for (int i = 0; i < seeds.size(); i++) {
      claims.add(new HashSet<>());
    }
    // Given shards that some have, and some nobody
    for (int shard = 1; shard <= shards; shard++) {
      int owner = Math.floorMod(seeds.get(shard % seeds.size()) * 31 + shard, seeds.size() + 1);
      if (owner < seeds.size()) {
        claims.get(owner).add(shard);
      }
    }
    // When each has looked often enough
    for (int round = 0; round < 8 * shards + 8; round++) {
      step(shards, seeds, claims);
    }
    // Then each shard has one instance, and no instance has two more than another
    assertThat(claims.stream().flatMap(Set::stream))
        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, shards).boxed().toList());
    List<Integer> sizes = claims.stream().map(Set::size).sorted().toList();
    assertThat(sizes.get(sizes.size() - 1) - sizes.get(0)).isLessThanOrEqualTo(1);
    // And nothing moves any more
    List<Set<Integer>> before = claims.stream().map(Set::copyOf).toList();
    step(shards, seeds, claims);
    assertThat(claims.stream().map(Set::copyOf).toList()).isEqualTo(before);
  }

  private static void step(int shards, List<Integer> seeds, List<Set<Integer>> claims) {
    List<Set<Integer>> seen = claims.stream().map(Set::copyOf).toList();
    for (int i = 0; i < seen.size(); i++) {
      List<Member> members = new ArrayList<>();
      for (int j = 0; j < seen.size(); j++) {
        // Two may have the same number in the seeds, but never on a server.
        members.add(new Member(seeds.get(j) * 10 + j, i == j, true, true, seen.get(j)));
      }
      Set<Integer> leading = new HashSet<>(seen.get(i));
      for (int j = 0; j < i; j++) {
        leading.removeAll(seen.get(j));
      }
      Move move = next(shards, members, leading);
      claims.get(i).addAll(move.claim());
      claims.get(i).removeAll(move.drop());
      Set<Integer> waiting = new HashSet<>(seen.get(i));
      waiting.removeAll(leading);
      claims
          .get(i)
          .removeAll(ShardBalance.next(shards, members, leading, waiting, NONE, NONE).drop());
      move.handOver().ifPresent(claims.get(i)::remove);
    }
  }

  private static Move next(int shards, List<Member> members, Set<Integer> leading) {
    return ShardBalance.next(shards, members, leading, NONE, NONE, NONE);
  }

  private static Member self(int process, boolean present, Integer... claims) {
    return new Member(process, true, present, true, Set.of(claims));
  }

  private static Member other(int process, boolean present, Integer... claims) {
    return new Member(process, false, present, true, Set.of(claims));
  }
}
