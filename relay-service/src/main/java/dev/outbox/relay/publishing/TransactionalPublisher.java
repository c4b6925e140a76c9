package dev.outbox.relay.publishing;

import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.event.SourcePosition;
import dev.outbox.relay.failure.RelayException;
import dev.outbox.relay.failure.Stage;
import dev.outbox.relay.publishing.PublishFailure.Fatal;
import dev.outbox.relay.publishing.PublishFailure.NotSent;
import dev.outbox.relay.publishing.PublishFailure.Rejected;
import dev.outbox.relay.publishing.PublishFailure.Scope;
import dev.outbox.relay.routing.RoutedRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A batch is a Kafka transaction that holds its events and the position of the last one. So the
 * position never tells more or less than what is on the topics, and one producer with the relay's
 * transactional id shuts out all that were made before it.
 */
final class TransactionalPublisher implements Publisher {

  /**
   * For committing what is being committed and aborting what is open. A transaction left open hides
   * what other producers write behind it until it times out.
   */
  private static final Duration END_WITHIN = Duration.ofSeconds(1);

  private final Admin admin;
  private final Topics topics;
  private final BooleanSupplier givingUp;
  private final PositionTopic positions;
  private final KafkaProducer<byte[], byte[]> producer;
  private final List<Undecided> batch = new ArrayList<>();
  private @Nullable SourcePosition committed;
  private boolean inTransaction;
  private boolean blamed;
  private volatile boolean broken;

  TransactionalPublisher(
      RelaySettings settings,
      Map<String, Object> config,
      Admin admin,
      Topics topics,
      BooleanSupplier givingUp) {
    this.admin = admin;
    this.topics = topics;
    this.givingUp = givingUp;
    this.positions = new PositionTopic(settings);
    positions.require(admin);
    this.producer = new KafkaProducer<>(config);
  }

  @Override
  public Optional<SourcePosition> begin() {
    // Ends what an instance before has left open, so that its position can be read or is void.
    insist(producer::initTransactions, () -> {});
    Optional<SourcePosition> found = positions.read();
    committed = found.orElse(null);
    return found;
  }

  @Override
  public Handover publish(RoutedRecord routed, Delivery delivery) {
    @Nullable Handover hindrance = topics.await(routed.topic(), producer);
    if (hindrance != null) {
      return hindrance;
    }
    if (!inTransaction) {
      producer.beginTransaction();
      inTransaction = true;
    }
    Undecided sending = new Undecided(routed.topic(), delivery);
    Handover handover;
    try {
      handover = sending.send(producer, KafkaPublisher.record(routed));
    } catch (InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      handover = new Handover.Refused(new NotSent()); // a record before has spoiled the transaction
    }
    if (handover instanceof Handover.Refused refused) {
      PublishFailure failure = blame(refused.failure());
      topics.rejected(routed.topic(), failure);
      return new Handover.Refused(failure);
    }
    batch.add(sending);
    return handover;
  }

  /**
   * The producer tells every record of a spoiled transaction the error that spoiled it; only the
   * first record that is told one of its own is to blame. Others that deserve it are found when
   * they go again.
   */
  private synchronized PublishFailure blame(PublishFailure failure) {
    broken = true;
    if (failure instanceof NotSent) {
      return failure;
    }
    boolean first = !blamed;
    blamed = true;
    boolean aboutOneRecord =
        failure instanceof Rejected rejected && rejected.scope() == Scope.RECORD;
    return aboutOneRecord && !first ? new NotSent() : failure;
  }

  @Override
  public boolean commit(SourcePosition through, boolean underWay) {
    if (!inTransaction) {
      return true;
    }
    if (broken) {
      return false;
    }
    SourcePosition position = later(through);
    try {
      var unused = producer.send(positions.record(position));
      insist(producer::commitTransaction, this::requireTopics);
    } catch (RelayException e) {
      throw e;
    } catch (InterruptException e) {
      throw e;
    } catch (KafkaException e) {
      if (batch.stream().noneMatch(Undecided::isRejected)) {
        throw positionRefused(e); // nothing would become different by sending it all again
      }
      broken = true;
      return false;
    }
    committed = position;
    inTransaction = false;
    batch.forEach(Undecided::committed);
    batch.clear();
    return true;
  }

  /** A command that is carried out again stands before what came after it the first time. */
  private SourcePosition later(SourcePosition through) {
    SourcePosition before = committed;
    return before == null || before.compareTo(through) < 0 ? through : before;
  }

  private RelayException positionRefused(KafkaException failure) {
    PublishFailure why = PublishFailures.classify(positions.topic(), failure);
    return why instanceof Fatal fatal
        ? fatal.cause()
        : new RelayException(
            Stage.PUBLISHING,
            "The position cannot be written to topic '%s': %s"
                .formatted(
                    positions.topic(),
                    why instanceof Rejected rejected ? rejected.reason() : failure.getMessage()),
            why instanceof Rejected rejected
                ? rejected.remedy()
                : "The relay tries again by itself; if this repeats, see the broker's log.",
            failure);
  }

  /** The producer would wait for ever with records of a topic that is gone. */
  private void requireTopics() {
    batch.stream()
        .map(Undecided::topic)
        .distinct()
        .filter(topics::isGone)
        .findFirst()
        .ifPresent(
            gone -> {
              throw new RelayException(
                  Stage.PUBLISHING,
                  "Topic '%s' was deleted while events were under way to it.".formatted(gone),
                  "Create it again, or let the relay set its events aside.");
            });
  }

  @Override
  public boolean isBroken() {
    return broken;
  }

  @Override
  public void restore() {
    if (inTransaction) {
      insist(producer::abortTransaction, () -> {});
      inTransaction = false;
    }
    batch.forEach(Undecided::aborted);
    batch.clear();
    resolved();
  }

  private synchronized void resolved() {
    blamed = false;
    broken = false;
  }

  /**
   * Brokers that are away are waited for; an outcome that is not known must not be guessed.
   *
   * @param lookAround done after each wait in vain; what it throws ends the waiting
   */
  private void insist(Runnable operation, Runnable lookAround) {
    while (true) {
      try {
        operation.run();
        return;
      } catch (TimeoutException e) {
        if (givingUp.getAsBoolean()) {
          throw new Stopped(e);
        }
        lookAround.run();
      } catch (InterruptException e) {
        throw e;
      } catch (KafkaException e) {
        if (PublishFailures.classify(positions.topic(), e) instanceof Fatal fatal
            && PublishFailures.isFinal(e)) {
          throw fatal.cause();
        }
        throw e;
      }
    }
  }

  /** Looked at while a transaction cannot be committed. */
  @Override
  public void stalled(String topic) {}

  @Override
  public double retries() {
    return ProducerFigures.retries(producer);
  }

  @Override
  public void close() {
    producer.close(END_WITHIN);
    admin.close(Duration.ZERO);
  }

  /** Stopping came before the brokers' answer; whoever begins next finds out what became of it. */
  private static final class Stopped extends RelayException {
    private static final long serialVersionUID = 1L;

    Stopped(Throwable cause) {
      super(
          Stage.PUBLISHING,
          "Stopped while Kafka had not answered.",
          "None needed: the next run reads the position from Kafka.",
          cause);
    }
  }

  /** A record whose fate is the transaction's. */
  private final class Undecided extends Sending {
    private final Delivery delivery;
    private volatile @Nullable PublishFailure failure;

    Undecided(String topic, Delivery delivery) {
      super(topic, delivery);
      this.delivery = delivery;
    }

    @Override
    void acknowledgedLater() {
      // Counts with the commit.
    }

    @Override
    void failedLater(PublishFailure why) {
      failure = blame(why);
    }

    boolean isRejected() {
      return failure instanceof Rejected;
    }

    void committed() {
      delivery.acknowledged();
    }

    void aborted() {
      @Nullable PublishFailure why = failure;
      if (why != null) {
        topics.rejected(topic(), why);
      }
      delivery.failed(why == null ? new NotSent() : why);
    }
  }
}
