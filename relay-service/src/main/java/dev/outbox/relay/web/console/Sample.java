package dev.outbox.relay.web.console;

/**
 * Figures at one moment, and what happened since the one before. NaN where something is not known.
 *
 * @param number counts samples, from 1
 * @param at the moment, in milliseconds since 1970
 * @param readPerSecond events read from the log
 * @param publishedPerSecond events acknowledged by Kafka
 * @param latencyMedian milliseconds from commit to acknowledgement that half of them took at most
 * @param latencyP99 that 99 of 100 took at most
 * @param lagEvents events that wait to be published
 * @param lagBytes log behind the confirmed position
 * @param lagSeconds how long the oldest of it has been there
 */
record Sample(
    long number,
    long at,
    double readPerSecond,
    double publishedPerSecond,
    double latencyMedian,
    double latencyP99,
    double lagEvents,
    double lagBytes,
    double lagSeconds) {}
