package dev.outbox.demo.orders;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;

/** What a customer sends. */
record PlaceOrder(
    @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String userId,
    @NotNull @Pattern(regexp = NAME, message = NAME_RULE) String productId,
    @NotNull @Min(1) @Max(10_000) Integer quantity) {

  /** No control characters and no halves of surrogate pairs, which PostgreSQL cannot store. */
  private static final String NAME = "[\\p{L}\\p{N}][\\p{L}\\p{N} ._@:-]{0,99}";

  private static final String NAME_RULE =
      "must begin with a letter or digit and have at most 100 letters, digits, spaces and . _ @ : -";
}
