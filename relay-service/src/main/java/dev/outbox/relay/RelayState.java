package dev.outbox.relay;

import dev.outbox.relay.failure.RelayException;
import java.time.Duration;

/**
 * What the relay is doing. The methods are the only legal transitions; {@link Draining} and {@link
 * Stopped} can be entered from anywhere, since a stop may come at any time.
 */
public sealed interface RelayState {

  /** The name for people and programs. */
  default String label() {
    return getClass().getSimpleName();
  }

  /** A stop was asked for while nothing was running, or the run is over. */
  default Stopped stopped() {
    return new Stopped();
  }

  /** A stop was asked for; what is in flight is waited for. */
  default Draining draining() {
    return new Draining();
  }

  /**
   * Looking at the surroundings, making what is missing.
   *
   * @param attempt counted from 1 since the relay last worked
   */
  record Starting(int attempt) implements RelayState {
    /** Another instance has the slot. */
    public Standby standby(int serverProcess) {
      return new Standby(serverProcess);
    }

    /** Everything is in place. */
    public Leading leading() {
      return new Leading(attempt);
    }

    /** Something is not in place. */
    public Failed failed(RelayException failure, Duration nextAttemptIn) {
      return new Failed(failure, attempt, nextAttemptIn);
    }
  }

  /**
   * Ready to take over from the instance that has the slot.
   *
   * @param serverProcess the server process that streams to it; {@link #UNKNOWN} where another
   *     instance has been chosen, whether it streams already or not
   */
  record Standby(int serverProcess) implements RelayState {

    /** It was not looked who streams. */
    public static final int UNKNOWN = 0;

    /** Looking again. */
    public Starting starting() {
      return new Starting(1);
    }
  }

  /**
   * Reading and publishing.
   *
   * @param attempt which attempt this run is, counted since the relay last got further
   */
  record Leading(int attempt) implements RelayState {
    /** The run ended by a failure. */
    public Failed failed(RelayException failure, Duration nextAttemptIn) {
      return new Failed(failure, attempt, nextAttemptIn);
    }

    /** Something has been confirmed, so a failure from now on is a new one. */
    public Leading advanced() {
      return new Leading(1);
    }
  }

  /**
   * Waiting to try again.
   *
   * @param failure what is wrong
   * @param attempt which attempt failed
   * @param nextAttemptIn wait before the next one
   */
  record Failed(RelayException failure, int attempt, Duration nextAttemptIn) implements RelayState {
    /** Trying again. */
    public Starting starting() {
      return new Starting(attempt + 1);
    }
  }

  /** Finishing what is in flight. */
  record Draining() implements RelayState {}

  /** Over. */
  record Stopped() implements RelayState {}
}
