package dev.outbox.local.demo;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What is to be closed, the latest first. Ctrl-C may come while something is being started; that is
 * then closed as soon as it is added. Safe for use by several threads.
 */
final class Closing implements AutoCloseable {

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private boolean closed;

  synchronized <T extends AutoCloseable> T add(T resource) {
    if (closed) {
      closeQuietly(resource);
    } else {
      opened.push(resource);
    }
    return resource;
  }

  synchronized boolean isClosed() {
    return closed;
  }

  /** The first call closes; others wait for it. */
  @Override
  public synchronized void close() {
    closed = true;
    while (!opened.isEmpty()) {
      closeQuietly(opened.pop());
    }
  }

  private static void closeQuietly(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      // The others have to be closed all the same.
      System.err.println("While stopping: " + e.getMessage());
    }
  }
}
