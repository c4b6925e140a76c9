package dev.outbox.local;

import java.time.Duration;

/** How long a test waits for what must come. */
public final class Patience {

  /**
   * Long enough for a machine whose processor others take at times: a test that succeeds goes on as
   * soon as what it waits for has come, so a longer wait costs only a test that fails. What must
   * come within a time has that time in its own name.
   */
  public static final Duration PATIENCE = Duration.ofMinutes(5);

  private Patience() {}
}
