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
   * @param marked whether the marker that it ends at is written
   * @param ended whether it has ended, or was given up before it began
   */
  public record Member(String name, int epoch, boolean waits, boolean marked, boolean ended) {

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

  /** Numbers of shards that have all ended. */
  public List<Integer> formers() {
    return members.stream()
        .map(Member::count)
        .distinct()
        .filter(count -> of(count).stream().allMatch(Member::ended))
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

  /** The latest epoch of any of them. */
  int latestEpoch() {
    return members.stream()
        .map(Member::epoch)
        .max(Comparator.comparing(Integer::toUnsignedLong))
        .orElse(0);
  }
}
