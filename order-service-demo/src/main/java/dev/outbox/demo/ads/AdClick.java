package dev.outbox.demo.ads;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Instant;

/**
 * What an advertisement server sends.
 *
 * @param spend what the click cost, in euro cents
 * @param at when it happened
 */
record AdClick(
    @NotNull @Pattern(
            regexp = "[\\p{L}\\p{N}][\\p{L}\\p{N} ._@:-]{0,99}",
            message =
                "must begin with a letter or digit and have at most 100 letters, digits, spaces"
                    + " and . _ @ : -")
        String campaign,
    @NotNull @Min(0) @Max(100_000_000) Long spend,
    @NotNull Instant at) {}
