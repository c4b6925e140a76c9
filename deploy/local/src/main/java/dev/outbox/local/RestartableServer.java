package dev.outbox.local;

/**
 * A server that can be stopped, killed and started again, always on the same port and with the same
 * data. Not for concurrent use of these methods.
 */
public interface RestartableServer extends AutoCloseable {

  /**
   * Starts the server, on what data there is, and returns when it serves clients. Does nothing when
   * it runs.
   *
   * @throws LocalStackException if it does not start; the message contains the server's own words
   */
  void start();

  /** Stops the server cleanly, without waiting for its clients. Does nothing when it is stopped. */
  void stop();

  /**
   * Ends the whole server as {@code kill -9} would; the next start recovers. Does nothing when it
   * is stopped.
   *
   * @throws UnsupportedOperationException if the server runs inside this JVM
   */
  void kill();

  /** Stops the server for good and deletes its data if they were temporary. */
  @Override
  void close();
}
