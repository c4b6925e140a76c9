package dev.outbox.local.demo;

import java.util.Map;

/** Something bad that is done to the running demonstration, and made good again. */
interface Harm {

  /**
   * Does it, and returns when what was harmed serves again. Ends soon when its thread is
   * interrupted.
   *
   * @throws RuntimeException with the reason, for people
   */
  Outcome carryOut() throws InterruptedException;

  /**
   * What was done.
   *
   * @param what a sentence for people
   * @param figures by their names in the answer
   */
  record Outcome(String what, Map<String, Integer> figures) {

    public Outcome {
      figures = Map.copyOf(figures);
    }

    Outcome(String what) {
      this(what, Map.of());
    }
  }
}
