package dev.outbox.idempotency.inbox;

import dev.outbox.idempotency.inbox.BatchOutcome.Applied;
import dev.outbox.idempotency.inbox.BatchOutcome.Broken;
import dev.outbox.idempotency.inbox.BatchOutcome.DeadLettered;
import dev.outbox.idempotency.inbox.BatchOutcome.Failed;
import dev.outbox.idempotency.inbox.BatchOutcome.MustFollow;
import dev.outbox.idempotency.inbox.BatchOutcome.NeedNotFollow;
import dev.outbox.idempotency.inbox.BatchOutcome.Unavailable;
import dev.outbox.idempotency.internal.MachineError;
import dev.outbox.idempotency.internal.Unavailability;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Applies a batch in one transaction, or puts its one event into the dead-letter topic. On a
 * worker's thread; any number of them at once.
 */
final class BatchWork {

  private final RunnerSettings settings;
  private final Recognition recognition;
  private final Optional<DeadLetterWriter> deadLetters;

  BatchWork(
      RunnerSettings settings, Recognition recognition, Optional<DeadLetterWriter> deadLetters) {
    this.settings = settings;
    this.recognition = recognition;
    this.deadLetters = deadLetters;
  }

  /** Never throws: nobody else would see what happened to the batch. */
  BatchOutcome run(Batch batch) {
    InHand inHand = new InHand();
    try {
      return batch.givenUp().isPresent() && deadLetters.isPresent()
          ? putAside(batch, batch.givenUp().get(), deadLetters.get())
          : apply(batch, inHand);
    } catch (KeyIsHeld held) {
      return new MustFollow(batch, held.event());
    } catch (PositionRefusedException broken) {
      return new Broken(batch, broken);
    } catch (Throwable failure) {
      return failed(batch, inHand, failure);
    }
  }

  private BatchOutcome failed(Batch batch, InHand inHand, Throwable failure) {
    if (MachineError.is(failure) || (failure instanceof Error && inHand.notBegun)) {
      return new Broken(batch, failure);
    }
    if (Unavailability.isCauseOf(failure) || inHand.notBegun) {
      return new Unavailable(batch, failure);
    }
    List<ReceivedEvent> events = batch.events();
    Optional<ReceivedEvent> cause =
        Optional.ofNullable(inHand.event)
            .or(() -> events.size() == 1 ? Optional.of(events.get(0)) : Optional.empty());
    return new Failed(batch, cause, failure);
  }

  private Applied apply(Batch batch, InHand inHand) throws Exception {
    List<ReceivedEvent> events = batch.events();
    List<Claimed> claimed = new ArrayList<>(1);
    settings
        .transactions()
        .inTransaction(connection -> claimed.add(apply(connection, events, inHand)));
    return new Applied(batch, claimed.get(0).repeats());
  }

  private Claimed apply(Connection connection, List<ReceivedEvent> events, InHand inHand)
      throws Exception {
    HeldKeys held = new HeldKeys(events);
    Claimed claimed =
        recognition.process(
            connection,
            events,
            index -> {
              ReceivedEvent event = events.get(index);
              held.refuse(connection, event);
              inHand.begin(event);
              settings.handler().handle(connection, event);
            });
    // From here on it is the commit that can fail, and any of the events may be why.
    inHand.event = null;
    inHand.notBegun = claimed.repeats() == claimed.size();
    return claimed;
  }

  private BatchOutcome putAside(Batch batch, GivenUp why, DeadLetterWriter writer)
      throws Exception {
    ReceivedEvent event = batch.events().get(0);
    List<Claimed> claimed = new ArrayList<>(1);
    settings
        .transactions()
        .inTransaction(
            connection -> {
              if (!why.isFollower() || !writer.held(connection, List.of(event)).isEmpty()) {
                claimed.add(
                    recognition.process(
                        connection, List.of(event), index -> writer.write(connection, event, why)));
              }
            });
    if (claimed.isEmpty()) {
      return new NeedNotFollow(batch);
    }
    return claimed.get(0).repeats() > 0 ? new Applied(batch, 1) : new DeadLettered(batch, why);
  }

  /**
   * Which keys of a batch are held back. Asked for once, behind the claim: a former owner of the
   * partition that put one of these events aside is finished by then, and what it wrote is seen.
   */
  private final class HeldKeys {
    private final List<ReceivedEvent> events;
    private @Nullable List<ReceivedEvent> held;

    HeldKeys(List<ReceivedEvent> events) {
      this.events = events;
    }

    void refuse(Connection connection, ReceivedEvent event) throws Exception {
      if (!(settings.onFailure() instanceof FailurePolicy.Follow) || deadLetters.isEmpty()) {
        return;
      }
      List<ReceivedEvent> known = held;
      if (known == null) {
        known = deadLetters.get().held(connection, events);
        held = known;
      }
      if (known.contains(event)) {
        throw new KeyIsHeld(event);
      }
    }
  }

  /** Which event the handler was given last. */
  private static final class InHand {
    private @Nullable ReceivedEvent event;
    private boolean notBegun = true;

    void begin(ReceivedEvent next) {
      event = next;
      notBegun = false;
    }
  }

  /** Ends the transaction; the event goes its other way. */
  private static final class KeyIsHeld extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient ReceivedEvent event;

    KeyIsHeld(ReceivedEvent event) {
      super(null, null, false, false);
      this.event = event;
    }

    ReceivedEvent event() {
      return event;
    }
  }
}
