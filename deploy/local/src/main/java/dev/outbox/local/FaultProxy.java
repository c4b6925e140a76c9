package dev.outbox.local;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A TCP proxy of this machine before a server, for the faults of a network: connections cut,
 * refused, delayed, or silent while both ends believe in them. Without a fault everything passes.
 * The server may be away and come back; a connection made meanwhile is accepted and reset.
 *
 * <p>All methods may be called by any thread. The proxy's own threads are daemons.
 */
public final class FaultProxy implements AutoCloseable {

  private static final int PIECE_BYTES = 64 * 1024;
  private static final long NEVER = Long.MAX_VALUE;
  private static final byte[] NOTHING = {};

  private final String targetHost;
  private final int targetPort;
  private final InetSocketAddress address;
  private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
  private final Object lock = new Object();
  // Guarded by the lock, which is notified of every change.
  private @Nullable ServerSocket listener;
  private boolean closed;
  private boolean stalled;
  private Duration delay = Duration.ZERO;
  private long bytesUntilCut = NEVER;
  private boolean cutAtAnswer;
  private boolean lastPieceHeld;

  private FaultProxy(String targetHost, int targetPort) {
    this.targetHost = targetHost;
    this.targetPort = targetPort;
    try {
      this.address = new InetSocketAddress(InetAddress.getByName("localhost"), TcpPorts.free());
    } catch (IOException e) {
      throw new UncheckedIOException("This machine has no address for localhost", e);
    }
  }

  /** A proxy on a free port, before a server that may come later. */
  public static FaultProxy before(String host, int port) {
    FaultProxy proxy = new FaultProxy(host, port);
    proxy.accept();
    return proxy;
  }

  /** A proxy before a port of this machine. */
  public static FaultProxy before(int port) {
    return before("localhost", port);
  }

  /** The host that clients connect to. */
  public String host() {
    return "localhost";
  }

  /** The port that clients connect to; it stays the same. */
  public int port() {
    return address.getPort();
  }

  /** Host and port that clients connect to. */
  public String address() {
    return host() + ":" + port();
  }

  /** The server's port. */
  public int targetPort() {
    return targetPort;
  }

  /** Connections that clients have now. */
  public int connections() {
    return connections.size();
  }

  /** Resets all connections. New ones go through. */
  public void cut() {
    // A copy: a client that connects again as soon as it is reset would else be reset once more.
    List.copyOf(connections).forEach(Connection::reset);
  }

  /**
   * Lets this many more bytes pass from clients to the server, whatever the connection, and then
   * resets all connections, once. Replaces what an earlier call had left.
   */
  public void cutAfter(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException(
          "cutAfter(%d): give at least one byte, or call cut()".formatted(bytes));
    }
    synchronized (lock) {
      bytesUntilCut = bytes;
    }
  }

  /**
   * Resets all connections, once, instead of passing on what the server answers next: it has done
   * something and the client never hears of it.
   */
  public void cutAtAnswer() {
    synchronized (lock) {
      cutAtAnswer = true;
    }
  }

  /** Whether {@link #cutAfter} or {@link #cutAtAnswer} has yet to strike. */
  public boolean cutPending() {
    synchronized (lock) {
      return bytesUntilCut != NEVER || cutAtAnswer;
    }
  }

  /**
   * Holds back, from now on, the last piece that each client has sent until another follows it or
   * the client ends its connection in order. A connection that the client resets loses it, as
   * networks may lose what the server has not read yet.
   */
  public void holdLastPiece() {
    synchronized (lock) {
      lastPieceHeld = true;
    }
  }

  /** Refuses new connections; those that are there stay. */
  public void refuse() {
    synchronized (lock) {
      stopListening();
    }
  }

  /** Takes new connections again. */
  public void accept() {
    synchronized (lock) {
      if (closed || listener != null) {
        return;
      }
      try {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(address);
        listener = socket;
        daemon("accept", () -> acceptFrom(socket));
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot listen at " + address, e);
      }
    }
  }

  /**
   * Half-open from now on: nothing passes, in either direction, not even the end of a connection.
   * New connections are accepted and stay silent. What was held passes after {@link #resume}.
   */
  public void stall() {
    synchronized (lock) {
      stalled = true;
    }
  }

  /** The same for the connections that there are; new ones pass. */
  public void stallPresent() {
    synchronized (lock) {
      connections.forEach(connection -> connection.held = true);
    }
  }

  /** Ends {@link #stall} and {@link #stallPresent}. */
  public void resume() {
    synchronized (lock) {
      stalled = false;
      connections.forEach(connection -> connection.held = false);
      lock.notifyAll();
    }
  }

  /**
   * Holds everything back this long, in each direction; zero ends it. Each piece of at most 64 KB
   * waits for the one before, so the throughput suffers too.
   */
  public void delay(Duration eachDirection) {
    synchronized (lock) {
      delay = eachDirection;
      lock.notifyAll();
    }
  }

  /** Resets all connections and frees the port. */
  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      stopListening();
      lock.notifyAll();
    }
    cut();
  }

  @Override
  public String toString() {
    return "proxy %s before %s:%d".formatted(address(), targetHost, targetPort);
  }

  /** With the lock held. */
  private void stopListening() {
    if (listener == null) {
      return;
    }
    ServerSocket socket = listener;
    closeQuietly(socket);
    // The system listens on until the thread that accepts has let go of the socket.
    while (listener == socket) {
      try {
        lock.wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LocalStackException("Interrupted while closing the port of " + this, e);
      }
    }
  }

  private void acceptFrom(ServerSocket socket) {
    while (!socket.isClosed()) {
      try {
        Connection connection = new Connection(socket.accept());
        connections.add(connection);
        daemon("up", connection::open);
        if (isClosed()) {
          connection.reset();
        }
      } catch (IOException refusing) {
        closeQuietly(socket);
      }
    }
    synchronized (lock) {
      listener = null;
      lock.notifyAll();
    }
  }

  private Duration currentDelay() {
    synchronized (lock) {
      return delay;
    }
  }

  private boolean isLastPieceHeld() {
    synchronized (lock) {
      return lastPieceHeld;
    }
  }

  /** How many of these bytes from a client may still pass. */
  private int beforeCut(int length) {
    synchronized (lock) {
      if (bytesUntilCut == NEVER) {
        return length;
      }
      int passing = (int) Math.min(length, bytesUntilCut);
      bytesUntilCut -= passing;
      return passing;
    }
  }

  /** How many of these bytes from the server may still pass. */
  private int beforeCutAtAnswer(int length) {
    synchronized (lock) {
      if (!cutAtAnswer) {
        return length;
      }
      cutAtAnswer = false;
      bytesUntilCut = 0;
      return 0;
    }
  }

  /** True once, when all bytes before the cut have passed. */
  private boolean cutIsDue() {
    synchronized (lock) {
      if (bytesUntilCut > 0) {
        return false;
      }
      bytesUntilCut = NEVER;
      return true;
    }
  }

  private boolean isClosed() {
    synchronized (lock) {
      return closed;
    }
  }

  private void daemon(String name, Runnable task) {
    Thread thread = new Thread(task, "%s of %s".formatted(name, this));
    thread.setDaemon(true);
    thread.start();
  }

  private static void closeWithReset(Socket socket) {
    try {
      socket.setSoLinger(true, 0);
    } catch (SocketException alreadyClosed) {
      // Then there is nothing to reset.
    }
    closeQuietly(socket);
  }

  private static void closeQuietly(AutoCloseable socket) {
    try {
      socket.close();
    } catch (Exception e) {
      // It is of no use any more, whatever it says.
    }
  }

  /** A client and the server, one thread for each direction. */
  private final class Connection {

    private final Socket client;
    private final Socket server = new Socket();
    // Guarded by the lock.
    private boolean over;
    private boolean held;
    private int directionsEnded;
    // Of the thread that passes on what the client sends.
    private byte[] lastPiece = NOTHING;

    Connection(Socket client) {
      this.client = client;
    }

    void open() {
      try {
        if (!mayPass(Duration.ZERO)) {
          return;
        }
        server.connect(new InetSocketAddress(targetHost, targetPort));
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        daemon("down", () -> pump(server, client, false));
        pump(client, server, true);
      } catch (IOException serverIsAway) {
        reset();
      }
    }

    private void pump(Socket from, Socket to, boolean fromClient) {
      byte[] piece = new byte[PIECE_BYTES];
      try {
        InputStream input = from.getInputStream();
        OutputStream output = to.getOutputStream();
        int length = read(input, piece);
        while (length >= 0) {
          if (fromClient) {
            passUp(piece, length, output);
          } else {
            output.write(piece, 0, beforeCutAtAnswer(length));
          }
          if (cutIsDue()) {
            cut();
            return;
          }
          length = read(input, piece);
        }
        if (fromClient) {
          passUp(NOTHING, 0, output);
        }
        to.shutdownOutput();
        endDirection();
      } catch (IOException gone) {
        reset();
      }
    }

    private void passUp(byte[] piece, int length, OutputStream output) throws IOException {
      output.write(lastPiece, 0, beforeCut(lastPiece.length));
      lastPiece = isLastPieceHeld() ? Arrays.copyOf(piece, length) : NOTHING;
      if (lastPiece.length == 0) {
        output.write(piece, 0, beforeCut(length));
      }
    }

    /** What comes next, when it may pass; an end or a failure is held back too. */
    private int read(InputStream input, byte[] piece) throws IOException {
      int length;
      try {
        length = input.read(piece);
      } catch (IOException e) {
        mayPass(Duration.ZERO);
        throw e;
      }
      if (!mayPass(currentDelay())) {
        throw new SocketException("cut");
      }
      return length;
    }

    /** Waits while the proxy holds everything back; false when the connection is over meanwhile. */
    private boolean mayPass(Duration atLeast) {
      synchronized (lock) {
        long due = System.nanoTime() + atLeast.toNanos();
        long remaining = atLeast.toNanos();
        while (!over && (stalled || held || remaining > 0)) {
          try {
            if (stalled || held) {
              lock.wait();
            } else {
              lock.wait(remaining / 1_000_000, (int) (remaining % 1_000_000));
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
          }
          remaining = delay.isZero() ? 0 : due - System.nanoTime();
        }
        return !over;
      }
    }

    private void endDirection() {
      boolean last;
      synchronized (lock) {
        directionsEnded++;
        last = directionsEnded == 2;
      }
      if (last) {
        end();
      }
    }

    void reset() {
      closeWithReset(client);
      closeWithReset(server);
      end();
    }

    private void end() {
      synchronized (lock) {
        over = true;
        lock.notifyAll();
      }
      closeQuietly(client);
      closeQuietly(server);
      connections.remove(this);
    }
  }
}
