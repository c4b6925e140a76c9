package dev.outbox.local;

import java.util.Timer;
import java.util.TimerTask;

/** A program that writes a line every ten milliseconds, for ever. */
final class Ticking {

  private Ticking() {}

  public static void main(String[] arguments) {
    new Timer()
        .schedule(
            new TimerTask() {
              @Override
              public void run() {
                System.out.println("tick");
              }
            },
            0,
            10);
  }
}
