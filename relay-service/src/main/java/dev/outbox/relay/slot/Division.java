package dev.outbox.relay.slot;

import dev.outbox.relay.config.Shard;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * Into how many shards an outbox is divided, as the database knows it. While the number changes
 * there are shards of two numbers: those that publish until a marker in the log, and those that
 * begin behind it.
 *
 * @param members every shard that the relay has ever had
 */
public record Division(List<Member> members) {

  public Division {
    members = List.copyOf(members);
  }

  /**
   * A shard.
   *
   * @param name its relay's name
   * @param epoch its current epoch of positions
   * @param waits whether it has not begun yet
   * @param marked whether it is to end at a marker
   * @param ended whether it has ended, or was given up before it began
   * @param cleared whether nothing is left of it but what is remembered
   */
  public record Member(
      String name, int epoch, boolean waits, boolean marked, boolean ended, boolean cleared) {

    private int count() {
      return Shard.countIn(name);
    }

    private boolean publishes() {
      return !waits && !ended;
    }
  }

  /**
   * Into how many shards it is divided now. Those that are to come are it as soon as all before
   * them have ended.
   *
   * @return empty when there is no shard yet
   */
  public OptionalInt now() {
    OptionalInt publishing = counts(Member::publishes).findFirst();
    return publishing.isPresent() ? publishing : counts(member -> !member.ended()).findFirst();
  }

  /** The number that is being changed to, while those before have not all ended. */
  public OptionalInt next() {
    int now = now().orElse(0);
    return counts(member -> !member.ended()).filter(count -> count != now).findFirst();
  }

  /** Whether all shards of the present number have begun. */
  public boolean isSettled() {
    return of(now().orElse(0)).stream().allMatch(member -> member.ended() || !member.waits());
  }

  /** Numbers of shards that have all ended, and have slots or publications that are left. */
  public List<Integer> formers() {
    return members.stream()
        .map(Member::count)
        .distinct()
        .filter(count -> of(count).stream().allMatch(Member::ended))
        .filter(count -> !of(count).stream().allMatch(Member::cleared))
        .toList();
  }

  private IntStream counts(Predicate<Member> which) {
    return members.stream().filter(which).mapToInt(Member::count);
  }

  /** Shards of this number. */
  List<Member> of(int count) {
    return members.stream().filter(member -> member.count() == count).toList();
  }

  /** Names of all shards of other numbers. */
  List<String> others(int count) {
    return members.stream().filter(member -> member.count() != count).map(Member::name).toList();
  }

  /** The latest epoch of any shard of another number; 0 when there is none. */
  int latestEpochBefore(int count) {
    return members.stream()
        .filter(member -> member.count() != count)
        .map(Member::epoch)
        .max(Comparator.comparing(Integer::toUnsignedLong))
        .orElse(0);
  }
}
