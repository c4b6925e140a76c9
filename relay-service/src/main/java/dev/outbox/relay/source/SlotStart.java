package dev.outbox.relay.source;

/**
 * Where a run begins.
 *
 * @param epoch the current epoch of positions
 * @param confirmedLsn the slot's confirmed position: the end of the commit before the first
 *     transaction that this run will read
 */
public record SlotStart(int epoch, long confirmedLsn) {}
