package dev.outbox.relay.parking;

import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.Stage;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An event set aside, with everything needed to publish it later. What could not be read is null.
 *
 * @param position where it stood in the log
 * @param id the event ID
 * @param aggregateType names the topic
 * @param aggregateId the record's key
 * @param type what happened
 * @param payload the record's value
 * @param headers the row's own headers
 * @param committedAt when its transaction committed
 * @param stage where on its way it was refused
 * @param reason why it is parked
 * @param attempts how often it was refused; 0 when it only waits behind another event of its key
 */
@SuppressWarnings("ArrayRecordComponent") // events are never compared; copying payloads costs
public record ParkedEvent(
    SourcePosition position,
    @Nullable String id,
    @Nullable String aggregateType,
    @Nullable String aggregateId,
    @Nullable String type,
    byte @Nullable [] payload,
    @Nullable String headers,
    @Nullable Instant committedAt,
    Stage stage,
    String reason,
    int attempts) {}
