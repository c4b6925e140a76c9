package dev.outbox.demo.orders;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import org.jspecify.annotations.Nullable;

/**
 * What a customer sends.
 *
 * @param productId one of the catalogue
 * @param campaign the advertisement that led here
 * @param giftMessage travels with the event, so one of more than a mebibyte makes an event that
 *     Kafka never takes; on purpose, to show what the relay does about it
 */
record PlaceOrder(
    @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String userId,
    @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String productId,
    @NotNull @Min(1) @Max(10_000) Integer quantity,
    @Pattern(regexp = NAME, message = NAME_RULE) @Nullable String campaign,
    @Size(max = LONGEST_MESSAGE) @Pattern(regexp = STORABLE, message = STORABLE_RULE) @Nullable String giftMessage) {

  static final int LONGEST_MESSAGE = 2_000_000;

  /** No control characters and no halves of surrogate pairs, which PostgreSQL cannot store. */
  private static final String NAME = "[\\p{L}\\p{N}][\\p{L}\\p{N} ._@:-]{0,99}";

  private static final String NAME_RULE =
      "must begin with a letter or digit and have at most 100 letters, digits, spaces and . _ @ : -";

  private static final String STORABLE = "[^\\x{0}\\x{d800}-\\x{dfff}]*";
  private static final String STORABLE_RULE =
      "must have no NUL characters and no halves of surrogate pairs";
}
