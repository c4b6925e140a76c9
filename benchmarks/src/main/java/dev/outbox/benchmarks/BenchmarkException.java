package dev.outbox.benchmarks;

/** The measurement cannot be made; the message says why. */
final class BenchmarkException extends RuntimeException {

  private static final long serialVersionUID = 1;

  BenchmarkException(String message) {
    super(message);
  }

  BenchmarkException(String message, Throwable cause) {
    super(message, cause);
  }

  static BenchmarkException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new BenchmarkException("Interrupted", e);
  }
}
