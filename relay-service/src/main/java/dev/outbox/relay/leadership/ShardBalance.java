package dev.outbox.relay.leadership;

import dev.outbox.relay.leadership.ShardClaims.Member;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Shares shards fairly among instances that each decide for themselves from what all can see: who
 * has fewest takes what nobody has, and who has most gives one away as long as another has two
 * fewer and publishes what it has. A shard moves only when that is needed.
 */
public final class ShardBalance {

  private ShardBalance() {}

  /**
   * What this instance should do now.
   *
   * @param claim shards to look after from now on
   * @param drop shards that another instance looks after, and this one not yet
   * @param handOver a shard to give away
   */
  public record Move(Set<Integer> claim, Set<Integer> drop, Optional<Integer> handOver) {
    public Move {
      claim = Set.copyOf(claim);
      drop = Set.copyOf(drop);
    }
  }

  /**
   * The next move.
   *
   * @param shards how many there are, numbered from 1
   * @param members all instances that are alive, this one among them
   * @param leading shards that this instance publishes
   * @param waiting shards that it would publish if no other instance did
   * @param doubtful shards that this instance has tried in vain
   * @param orphans shards that nobody has looked after for long, so that it no longer matters whose
   *     turn it is
   */
  public static Move next(
      int shards,
      List<Member> members,
      Set<Integer> leading,
      Set<Integer> waiting,
      Set<Integer> doubtful,
      Set<Integer> orphans) {
    Member self = members.stream().filter(Member::self).findFirst().orElseThrow();
    List<Member> others = members.stream().filter(member -> !member.self()).toList();
    Set<Integer> drop = new HashSet<>();
    Set<Integer> claimed = new HashSet<>(self.claims());
    for (Member other : others) {
      claimed.addAll(other.claims());
      for (int shard : self.claims()) {
        boolean both = other.claims().contains(shard) && !leading.contains(shard);
        if (both && (waiting.contains(shard) || other.process() < self.process())) {
          drop.add(shard);
        }
      }
    }
    List<Integer> free =
        IntStream.rangeClosed(1, shards).boxed().filter(shard -> !claimed.contains(shard)).toList();
    List<Integer> hopeful = free.stream().filter(shard -> !doubtful.contains(shard)).toList();
    Set<Integer> claim = toClaim(self, others, hopeful);
    addOrphans(claim, self, others, free, orphans);
    return new Move(
        claim,
        drop,
        hopeful.isEmpty() && drop.isEmpty() ? toHandOver(self, others, leading) : Optional.empty());
  }

  private static Set<Integer> toClaim(Member self, List<Member> others, List<Integer> hopeful) {
    Set<Integer> claim = new HashSet<>();
    List<Integer> left = new ArrayList<>(hopeful);
    int fewest = fewest(others.stream().filter(Member::present));
    // Those who have equally few take different ones, as a rule.
    while (!left.isEmpty() && self.present() && self.claims().size() + claim.size() <= fewest) {
      claim.add(left.remove(self.process() % left.size()));
    }
    return claim;
  }

  private static void addOrphans(
      Set<Integer> claim,
      Member self,
      List<Member> others,
      List<Integer> free,
      Set<Integer> orphans) {
    List<Integer> left =
        free.stream().filter(orphans::contains).filter(shard -> !claim.contains(shard)).toList();
    if (others.isEmpty()) {
      claim.addAll(left);
    } else if (!left.isEmpty()) {
      // One at a time leaves some for others, whose turn it is no more than ours.
      claim.add(left.get(self.process() % left.size()));
    }
  }

  private static int fewest(Stream<Member> others) {
    return others.mapToInt(member -> member.claims().size()).min().orElse(Integer.MAX_VALUE);
  }

  private static Optional<Integer> toHandOver(
      Member self, List<Member> others, Set<Integer> leading) {
    Stream<Member> ready = others.stream().filter(other -> other.present() && other.settled());
    boolean unfair = fewest(ready) <= self.claims().size() - 2;
    boolean ours =
        others.stream()
            .noneMatch(
                other ->
                    other.claims().size() > self.claims().size()
                        || (other.claims().size() == self.claims().size()
                            && other.process() < self.process()));
    return unfair && ours && leading.containsAll(self.claims())
        ? leading.stream().max(Comparator.naturalOrder())
        : Optional.empty();
  }
}
