package dev.outbox.idempotency.internal;

/** Tells an error of the machine, such as memory used up, from one of the code that runs on it. */
public final class MachineError {

  private MachineError() {}

  /** Not a stack that overflows: that is a matter of the code, or of what it was given. */
  public static boolean is(Throwable failure) {
    return failure instanceof VirtualMachineError && !(failure instanceof StackOverflowError);
  }
}
