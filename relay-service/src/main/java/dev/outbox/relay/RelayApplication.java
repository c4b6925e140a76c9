package dev.outbox.relay;

import dev.outbox.relay.command.RelayCommand;

/** Entry point of {@code java -jar relay-service.jar}. */
public final class RelayApplication {

  private RelayApplication() {}

  /** Runs the command that the arguments name; {@code run} when they name none. */
  public static void main(String[] arguments) {
    RelayCommand.execute(arguments);
  }
}
