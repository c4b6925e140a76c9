package dev.outbox.relay.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A share of the outbox: the aggregates whose IDs fall to it by a hash that PostgreSQL and the
 * relay compute alike, and that no version changes. All events of an aggregate are in one shard, so
 * their order holds.
 *
 * @param index which shard, counted from 1
 * @param count how many there are
 */
public record Shard(int index, int count) {

  /** The outbox is not divided. */
  public static final Shard WHOLE = new Shard(1, 1);

  /** One byte is hashed to; with more shards than this their shares would differ visibly. */
  static final int MOST = 32;

  private static final Pattern NAME = Pattern.compile("(.+)-([0-9]{1,2})of([0-9]{1,2})");

  /** Whether a relay's name looks like that of one of its shards. */
  static boolean isNameOfShard(String name) {
    return NAME.matcher(name).matches();
  }

  /** The shard that a name ends with, of so many; the whole when there is only one. */
  static Shard of(String name, int count) {
    Matcher parts = NAME.matcher(name);
    return count > 1 && parts.matches() && Integer.parseInt(parts.group(3)) == count
        ? new Shard(Integer.parseInt(parts.group(2)), count)
        : WHOLE;
  }

  /** Into how many shards an outbox is divided that has one of this name. */
  public static int countIn(String name) {
    Matcher parts = NAME.matcher(name);
    return parts.matches() ? Integer.parseInt(parts.group(3)) : 1;
  }

  /** Whether it is one of several. */
  public boolean isPart() {
    return count > 1;
  }

  /** Such as {@code 2of4}; it goes into names of slots, publications and topics. */
  public String label() {
    return index + "of" + count;
  }

  /** The name of a relay with this shard's behind it. */
  String nameOf(String relay) {
    return isPart() ? relay + "-" + label() : relay;
  }

  /** The name of the relay that this name of a shard is made of. */
  String relayOf(String name) {
    return isPart() ? name.substring(0, name.length() - label().length() - 1) : name;
  }

  /** The identifier of something that each shard has one of its own of. */
  String identifierOf(String identifier) {
    return isPart() ? identifier + "_" + label() : identifier;
  }

  /**
   * Whether events of this aggregate are in the shard.
   *
   * @param aggregateId null where it could not be read: the first shard looks after those
   */
  public boolean owns(@Nullable String aggregateId) {
    return !isPart() || hash(aggregateId) % count == index - 1;
  }

  private static int hash(@Nullable String aggregateId) {
    if (aggregateId == null) {
      return 0;
    }
    try {
      return MessageDigest.getInstance("MD5").digest(aggregateId.getBytes(UTF_8))[0] & 0xff;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has MD5", e);
    }
  }

  /**
   * The same in SQL, of functions that PostgreSQL admits in the row filter of a publication.
   *
   * @param aggregateId the column
   */
  public String condition(String aggregateId) {
    return isPart()
        ? "coalesce(get_byte(decode(md5(%s), 'hex'), 0), 0) %% %d = %d"
            .formatted(aggregateId, count, index - 1)
        : "true";
  }

  /** For people. */
  @Override
  public String toString() {
    return isPart() ? "shard %d of %d".formatted(index, count) : "the whole outbox";
  }
}
