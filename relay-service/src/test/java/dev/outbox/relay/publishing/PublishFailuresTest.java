package dev.outbox.relay.publishing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.relay.publishing.PublishFailure.Fatal;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.KafkaException;
import org.junit.jupiter.api.Test;

/** What no broker at hand can be brought to say; the rest is shown on real brokers. */
class PublishFailuresTest {

  @Test
  void onlyTheInvalidRecordOfABatchIsToBlame() {
    // The producer's words for the others, see its Sender
    assertThat(
            classify(
                new KafkaException(
                    "Failed to append record because it was part of a batch which had one more more"
                        + " invalid records")))
        .isInstanceOf(NotSent.class);
    assertThat(classify(new InvalidRecordException("no"))).isInstanceOf(Rejected.class);
  }

  @Test
  void whatNobodyKnowsEndsTheRun() {
    assertThat(classify(new KafkaException("something else"))).isInstanceOf(Fatal.class);
  }

  private static PublishFailure classify(Exception failure) {
    return PublishFailures.classify("topic", failure);
  }
}
