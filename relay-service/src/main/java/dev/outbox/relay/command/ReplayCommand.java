package dev.outbox.relay.command;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.control.ControlMessage.Selection;
import dev.outbox.relay.database.SourceDatabase;
import dev.outbox.relay.operations.AggregateName;
import dev.outbox.relay.operations.Replays;
import dev.outbox.relay.operations.Replays.Plan;
import dev.outbox.relay.operations.Replays.Written;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Has rows published once more. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = {
      "Has the relay publish rows of the outbox table once more, in order, with the header",
      "outbox-replay. Conditions that are given together must all be fulfilled."
    },
    footerHeading = RelayCommand.EXAMPLES,
    footer = {
      "  relay replay --id=0197a000-0000-7000-8000-000000000001",
      "  relay replay --aggregate=Order/42 --reason=\"ticket 7\"",
      "  relay replay --type=Order --from=2h --to=1h --dry-run",
      "  relay replay --type=Order --topic=orders.for-the-new-index --no-wait"
    })
final class ReplayCommand extends OneShotCommand {

  @Option(names = "--id", description = "The event with this ID; may be given several times.")
  private List<UUID> ids = new ArrayList<>();

  @Option(
      names = "--aggregate",
      paramLabel = "TYPE/ID",
      description = "Events of one aggregate, such as Order/42.")
  private @Nullable String aggregate;

  @Option(
      names = "--type",
      paramLabel = "AGGREGATETYPE",
      description = "Events of all aggregates of this type, such as Order.")
  private @Nullable String aggregateType;

  @Option(
      names = "--from",
      converter = MomentConverter.class,
      description =
          "Rows created from then on: a moment (2026-05-01T00:00:00Z) or how long ago (1h).")
  private @Nullable Instant from;

  @Option(
      names = "--to",
      converter = MomentConverter.class,
      description = "Rows created before then.")
  private @Nullable Instant to;

  @Option(names = "--topic", description = "Publish to this topic instead of the events' own.")
  private @Nullable String topic;

  @Option(names = "--dry-run", description = "Only count the rows.")
  private boolean dryRun;

  @Option(names = "--no-wait", description = "Do not wait until the relay has published them.")
  private boolean noWait;

  @Mixin private Asking asking = new Asking();

  @Override
  Report execute(RelaySettings settings) throws InterruptedException {
    Selection selection = selection();
    Replays replays = new Replays(new SourceDatabase(settings), settings, progress());
    Plan plan = replays.plan(selection, topic);
    boolean written = !dryRun && !plan.spans().isEmpty();
    boolean carriedOut = false;
    if (written) {
      Written commands = replays.write(plan, asking.attribution());
      carriedOut = !noWait && replays.awaitCarriedOut(commands, Replays.FOR_EVER);
    }
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("rows", plan.rows());
    figures.put("heldByParking", plan.held());
    figures.put("commands", written ? plan.spans().size() : 0);
    figures.put("carriedOut", carriedOut);
    return new Report(describe(plan, written, carriedOut), figures);
  }

  private Selection selection() {
    String type = aggregateType;
    String id = null;
    if (aggregate != null) {
      AggregateName name = AggregateName.parse(aggregate).orElse(null);
      if (name == null || (type != null && !type.equals(name.type()))) {
        throw misused(
            "--aggregate '%s' is not TYPE/ID, such as Order/42, of the type that --type names"
                .formatted(aggregate));
      }
      type = name.type();
      id = name.id();
    }
    if (ids.isEmpty() && type == null && from == null && to == null) {
      throw misused("Say which rows: --id, --aggregate, --type, --from or --to");
    }
    return new Selection(ids, type, id, from, to);
  }

  private static String describe(Plan plan, boolean written, boolean carriedOut) {
    String done =
        !written
            ? "Rows that would be replayed"
            : carriedOut ? "Rows replayed" : "Rows that the relay will replay";
    String text = "%s: %d.".formatted(done, plan.rows() - plan.held());
    return plan.held() == 0
        ? text
        : "%s Left out, because parked events hold their keys: %d.".formatted(text, plan.held());
  }
}
