package dev.outbox.local;

/** A program that says what it was given. */
final class Telling {

  private Telling() {}

  public static void main(String[] arguments) {
    System.out.printf(
        "told %s, %s, %s.%n",
        System.getProperty("told.by"), arguments[0], System.getenv("TOLD_BY"));
    System.exit(7);
  }
}
