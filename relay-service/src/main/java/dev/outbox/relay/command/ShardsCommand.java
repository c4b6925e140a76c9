package dev.outbox.relay.command;

import dev.outbox.relay.Resharding;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.slot.Division;
import dev.outbox.relay.slot.Initialization.Step;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Shows and changes the number of shards. */
@Command(
    name = "shards",
    mixinStandardHelpOptions = true,
    description = {
      "Shows into how many shards the outbox is divided, or changes that while it is relayed.",
      "The shards that are publish up to a marker in the log, the new ones begin behind it, and the",
      "running instances follow by themselves. Broken off, it goes on when it is run again; as long",
      "as the marker is not written, 'shards' with the former number takes it back."
    },
    footerHeading = RelayCommand.EXAMPLES,
    footer = {"  relay shards", "  relay shards 4"})
final class ShardsCommand extends OneShotCommand {

  @Parameters(arity = "0..1", paramLabel = "<number>", description = "How many it shall have.")
  private @Nullable Integer number;

  @Override
  Report execute(RelaySettings settings) throws InterruptedException {
    Integer asked = number;
    Resharding resharding = new Resharding(settings, progress());
    List<Step> steps = asked == null ? List.of() : resharding.run(asked);
    Division division = resharding.division();
    return new Report(
        Stream.concat(
                steps.stream().map(step -> step.thing() + ": " + step.outcome()),
                Stream.of(sentence(division, settings)))
            .collect(Collectors.joining(System.lineSeparator())),
        forPrograms(division, steps));
  }

  private static String sentence(Division division, RelaySettings settings) {
    OptionalInt now = division.now();
    if (now.isEmpty()) {
      return "The outbox of relay '%s' has not been initialised.".formatted(settings.name());
    }
    String sentence = "The outbox of relay '%s' has ".formatted(settings.name()) + shards(now);
    OptionalInt next = division.next();
    if (next.isPresent()) {
      return sentence + "; a change to %d is under way.".formatted(next.getAsInt());
    }
    return division.formers().isEmpty()
        ? sentence + "."
        : sentence
            + "; 'shards %d' removes what is left of the former ones.".formatted(now.getAsInt());
  }

  private static String shards(OptionalInt count) {
    return count.getAsInt() == 1 ? "1 shard" : count.getAsInt() + " shards";
  }

  private static Map<String, Object> forPrograms(Division division, List<Step> steps) {
    Map<String, Object> answer = new LinkedHashMap<>();
    division.now().ifPresent(now -> answer.put("shards", now));
    division.next().ifPresent(next -> answer.put("next", next));
    answer.put("steps", steps);
    return answer;
  }
}
