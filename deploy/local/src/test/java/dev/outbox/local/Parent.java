package dev.outbox.local;

import java.time.Duration;

/** A program with a child of its own; it exits, when told to, without ending the child. */
final class Parent {

  private Parent() {}

  public static void main(String[] arguments) {
    ChildProcess child = ChildProcess.java().mainClass(Ticking.class.getName()).start();
    child.awaitOutput("tick", Duration.ofSeconds(20));
    System.out.printf("child %d.%n", child.pid());
    if (arguments.length == 0) {
      child.awaitExit(Duration.ofDays(1));
    }
  }
}
