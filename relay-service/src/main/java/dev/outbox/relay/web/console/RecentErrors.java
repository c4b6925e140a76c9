package dev.outbox.relay.web.console;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.outbox.relay.config.ShownSettings;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.ILoggerFactory;
import org.slf4j.LoggerFactory;
import org.slf4j.event.KeyValuePair;

/**
 * The last lines of the log that an operator should know of, which are those at WARN and ERROR:
 * each trouble is logged once, with its remedy, so listening there misses none. Bounded. Any
 * thread.
 */
final class RecentErrors extends AppenderBase<ILoggingEvent> implements AutoCloseable {

  private static final String LISTENED_TO = "dev.outbox.relay";

  /** Its own lines tell of operators, not of the relay. */
  private static final String CONSOLE = RecentErrors.class.getPackageName();

  private static final String REMEDY = "remedy";
  private static final int MOST = 50;

  private final ShownSettings settings;
  private final Map<String, Entry> entries = new LinkedHashMap<>();

  RecentErrors(ShownSettings settings) {
    this.settings = settings;
    setName("console");
  }

  /**
   * A line, or several that say the same.
   *
   * @param level WARN or ERROR
   * @param problem what it says
   * @param remedy what to do; empty when it tells none
   * @param details what else it tells, by name
   * @param times how often it was said
   * @param first when first
   * @param last when last
   */
  record Entry(
      String level,
      String problem,
      String remedy,
      Map<String, String> details,
      int times,
      Instant first,
      Instant last) {

    private Entry after(Entry before) {
      return new Entry(level, problem, remedy, details, before.times + 1, before.first, last);
    }
  }

  /** Begins to listen, unless the log is not written by Logback. */
  void listen() {
    ILoggerFactory factory = LoggerFactory.getILoggerFactory();
    if (factory instanceof LoggerContext context) {
      setContext(context);
      start();
      context.getLogger(LISTENED_TO).addAppender(this);
    }
  }

  @Override
  public void close() {
    if (getContext() instanceof LoggerContext context) {
      Logger logger = context.getLogger(LISTENED_TO);
      logger.detachAppender(this);
    }
    stop();
  }

  @Override
  protected void append(ILoggingEvent event) {
    if (!event.getLevel().isGreaterOrEqual(Level.WARN)
        || event.getLoggerName().startsWith(CONSOLE)) {
      return;
    }
    Map<String, String> details = new LinkedHashMap<>();
    List<KeyValuePair> pairs = event.getKeyValuePairs();
    if (pairs != null) {
      pairs.forEach(pair -> details.put(pair.key, settings.mask(String.valueOf(pair.value))));
    }
    String remedy = details.getOrDefault(REMEDY, "");
    details.remove(REMEDY);
    note(
        new Entry(
            event.getLevel().toString(),
            settings.mask(event.getFormattedMessage()),
            remedy,
            details,
            1,
            event.getInstant(),
            event.getInstant()));
  }

  private synchronized void note(Entry entry) {
    Entry before = entries.remove(entry.problem());
    entries.put(entry.problem(), before == null ? entry : entry.after(before));
    if (entries.size() > MOST) {
      entries.remove(entries.keySet().iterator().next());
    }
  }

  /** The newest first. */
  synchronized List<Entry> latest() {
    List<Entry> latest = new ArrayList<>(entries.values());
    Collections.reverse(latest);
    return latest;
  }
}
