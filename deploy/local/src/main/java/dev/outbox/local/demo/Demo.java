package dev.outbox.local.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.outbox.local.LocalStackException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.List;

/** Shows the whole way of events on this machine; {@code deploy/demo} builds and runs it. */
public final class Demo {

  private final DemoOptions options;
  private final Screen screen;
  private final ServiceLogs logs = ServiceLogs.create();
  private final Closing closing = new Closing();

  private Demo(DemoOptions options, Screen screen) {
    this.options = options;
    this.screen = screen;
  }

  /** Runs the demonstration; see {@code --help}. */
  public static void main(String[] arguments) {
    // The Kafka client logs by SLF4J, which would complain that nobody listens.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
    List<String> given = List.of(arguments);
    if (given.contains("--help")) {
      System.out.print(DemoOptions.USAGE);
      return;
    }
    try {
      DemoOptions options = DemoOptions.parse(given);
      // Java takes the encoding from the locale, which minimal systems leave at ASCII.
      PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, UTF_8);
      System.exit(new Demo(options, new Screen(out, Boolean.getBoolean("demo.colours"))).run());
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println();
      System.err.print(DemoOptions.USAGE);
      System.exit(2);
    }
  }

  private int run() {
    Runtime.getRuntime().addShutdownHook(new Thread(this::stopOnSignal, "stop demo"));
    try {
      screen.title();
      DemoStack stack = DemoStack.start(options, logs, screen, closing);
      showPage(stack.orderService().url() + "/");
      Summary summary = show(stack);
      closing.close();
      logs.delete();
      return summary.isRight() ? 0 : 1;
    } catch (RuntimeException e) {
      // After Ctrl-C any failure is its consequence, and the process ends when all others have.
      if (!closing.isClosed()) {
        report(e);
      }
      return 1;
    }
  }

  private void report(RuntimeException failure) {
    screen.failure("" + failure.getMessage());
    if (!(failure instanceof DemoException || failure instanceof LocalStackException)) {
      // Nobody has foreseen it, so it needs its origin.
      failure.printStackTrace();
    }
    closing.close();
    screen.note("");
    screen.note("Everything is stopped. The whole output is in " + logs);
  }

  private void showPage(String url) {
    screen.page(url);
    if (options.browser()) {
      Desktop.ofThisMachine().ifPresent(desktop -> desktop.open(url));
    }
  }

  private Summary show(DemoStack stack) {
    // Not among what is closed on Ctrl-C: a Kafka consumer is for one thread.
    try (Tracing tracing = new Tracing(stack, screen)) {
      Summary summary = tracing.placeOrders(options.orders());
      screen.summary(summary);
      if (!options.once()) {
        new ThingsToTry(stack, options, tracing.lastOrderId()).show(screen);
        tracing.showWhatComes();
      }
      return summary;
    }
  }

  private void stopOnSignal() {
    if (!closing.isClosed()) {
      screen.note("");
      screen.note("Stopping …");
      closing.close();
      logs.delete();
      screen.note("Everything is stopped, nothing is left behind.");
    }
  }
}
