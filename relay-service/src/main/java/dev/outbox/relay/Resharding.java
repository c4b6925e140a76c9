package dev.outbox.relay;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.operations.ProgressListener;
import dev.outbox.relay.operations.ProgressListener.Progress;
import dev.outbox.relay.publishing.KafkaOutlet;
import dev.outbox.relay.publishing.Outlet;
import dev.outbox.relay.slot.Division;
import dev.outbox.relay.slot.Initialization.Step;
import dev.outbox.relay.slot.ShardChange;
import dev.outbox.relay.slot.ShardChange.Look;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes the number of shards of an outbox while it is written to and relayed: see {@link
 * ShardChange}. Broken off anywhere, it goes on where it was when it is asked for again.
 */
public final class Resharding {

  private static final Logger LOG = LoggerFactory.getLogger(Resharding.class);

  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  /** A shard whose slot was made anew meanwhile has not seen the marker before. */
  private static final int LOOKS_UNTIL_NEXT_MARKER = 50;

  private final RelaySettings settings;
  private final SourceDatabase database;
  private final ProgressListener progress;
  private final Outlet outlet = new KafkaOutlet();

  /** Nothing is done yet. */
  public Resharding(RelaySettings settings, ProgressListener progress) {
    this.settings = settings;
    this.database = new SourceDatabase(settings);
    this.progress = progress;
  }

  /**
   * The settings for the number of shards that the outbox has, whichever they say: it may have been
   * changed since they were written.
   */
  public static RelaySettings asDivided(RelaySettings settings) {
    int shards =
        ShardChange.division(new SourceDatabase(settings), settings)
            .now()
            .orElse(settings.shards());
    return shards == settings.shards() ? settings : settings.dividedInto(shards);
  }

  /** How the outbox is divided. */
  public Division division() {
    return ShardChange.division(database, settings);
  }

  /**
   * Divides the outbox into so many shards; with the present number, takes back a change that has
   * not got as far as its marker. Returns when those that were have ended and all others have
   * begun, which needs an instance of the relay that runs.
   *
   * @return what was done
   * @throws RelayException when something is in the way, with the remedy
   * @throws dev.outbox.relay.config.InvalidSettingsException when the settings do not go with the
   *     number
   */
  public List<Step> run(int shards) throws InterruptedException {
    Division division = division();
    int now = division.now().orElseThrow(() -> notInitialised(shards));
    int next = division.next().orElse(now);
    if (now != shards) {
      return replace(now, shards);
    }
    return next == now ? removeFormer(shards) : change(now, next).takeBack();
  }

  private RelayException notInitialised(int shards) {
    return new RelayException(
        Stage.PREFLIGHT,
        "Relay '%s' has not been initialised in this database.".formatted(settings.name()),
        "Set outbox.relay.shards=%d and run 'init'.".formatted(shards));
  }

  private ShardChange change(int from, int to) {
    return new ShardChange(database, settings.dividedInto(from), settings.dividedInto(to));
  }

  private List<Step> replace(int from, int to) throws InterruptedException {
    ShardChange change = change(from, to);
    List<Step> steps = new ArrayList<>(change.prepare());
    steps.addAll(Installation.positionTopics(settings.dividedInto(to), outlet));
    awaitEnd(change, from);
    steps.addAll(removeFormer(to));
    return steps;
  }

  private void awaitEnd(ShardChange change, int shards) throws InterruptedException {
    Look look = new Look(0, 0, 0);
    for (int looks = 0; look.ended() < shards; looks++) {
      if (looks % LOOKS_UNTIL_NEXT_MARKER == 0) {
        mark(change);
      }
      tell("Waiting for shards to publish what stands before the marker", look.ended(), shards);
      Thread.sleep(LOOK_EVERY.toMillis());
      look = look(change, look);
    }
  }

  /** Nothing of theirs may be missed before the new ones have taken it over. */
  private List<Step> removeFormer(int shards) throws InterruptedException {
    List<Step> steps = new ArrayList<>();
    for (int former : division().formers()) {
      ShardChange change = change(former, shards);
      Look look = change.look();
      while (look.begun() < shards || look.read() > 0) {
        tell("Waiting for shards to begin behind the marker", look.begun(), shards);
        Thread.sleep(LOOK_EVERY.toMillis());
        look = look(change, look);
      }
      steps.addAll(change.removeFormer());
    }
    return steps;
  }

  private static void mark(ShardChange change) {
    try {
      change.mark();
    } catch (RelayException e) {
      waitFor(e);
    }
  }

  private static Look look(ShardChange change, Look before) {
    try {
      return change.look();
    } catch (RelayException e) {
      waitFor(e);
      return before;
    }
  }

  /** A database that is restarted amid the change comes back. */
  private static void waitFor(RelayException failure) {
    if (failure.stage() != Stage.PREFLIGHT) {
      throw failure;
    }
    LOG.atWarn().log("{} The change goes on when the database answers", failure.problem());
  }

  private void tell(String what, int done, int of) {
    progress.at(Progress.of(what, done, of, "shards"));
  }
}
