package dev.outbox.relay.operations;

import java.util.OptionalLong;

/**
 * Hears how far something long is, from the thread that does it, several times a second or more
 * often: whoever listens leaves out what is too much. It must neither block nor throw.
 */
@FunctionalInterface
public interface ProgressListener {

  /** Nobody wants to know. */
  ProgressListener NONE = progress -> {};

  /** It has got so far. */
  void at(Progress progress);

  /**
   * How far it is.
   *
   * @param doing what is being done, such as "Reading topics"; as long as this stays the same,
   *     {@code done} grows
   * @param done how much of it is done
   * @param of how much there is to do, if that is known
   * @param unit what is counted, in the plural: rows, records, bytes
   * @param detail what else is worth telling; may be empty
   */
  record Progress(String doing, long done, OptionalLong of, String unit, String detail) {

    static Progress counting(String doing, long done, String unit) {
      return new Progress(doing, done, OptionalLong.empty(), unit, "");
    }

    public static Progress of(String doing, long done, long of, String unit) {
      return new Progress(doing, done, OptionalLong.of(of), unit, "");
    }

    Progress with(String someDetail) {
      return new Progress(doing, done, of, unit, someDetail);
    }

    /** One line for people. */
    public String asText() {
      String figure =
          of.isPresent()
              ? "%d of %d %s".formatted(done, of.getAsLong(), unit)
              : "%d %s".formatted(done, unit);
      return "%s: %s%s".formatted(doing, figure, detail.isEmpty() ? "" : "; " + detail);
    }
  }
}
