package dev.outbox.relay.source.pgoutput;

import dev.outbox.relay.source.SourceItem;
import java.util.Iterator;

/**
 * What could be read, and behind it why nothing more can: {@link #next} throws it.
 *
 * @param items what stands before
 * @param failure of the message behind them
 */
record UpToFailure(Iterator<SourceItem> items, RuntimeException failure)
    implements Iterator<SourceItem> {

  @Override
  public boolean hasNext() {
    return true;
  }

  @Override
  public SourceItem next() {
    if (items.hasNext()) {
      return items.next();
    }
    throw failure;
  }
}
