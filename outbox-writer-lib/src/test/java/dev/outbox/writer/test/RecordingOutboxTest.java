package dev.outbox.writer.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.outbox.writer.AppendResult;
import dev.outbox.writer.OutboxEvent;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class RecordingOutboxTest {

  private static final OutboxEvent PLACED =
      OutboxEvent.of("Order", "42", "OrderPlaced", "{\"total\":10}").withHeader("tenant", "acme");
  private static final OutboxEvent PAID =
      OutboxEvent.of("Payment", "7", "PaymentCaptured", new byte[] {0, 1}, "application/x")
          .withBusinessKey("payment-7");

  private final RecordingOutbox outbox = new RecordingOutbox();

  @Test
  void whatWasAppendedSatisfiesItsAssertions() {
    outbox.append(List.of(PLACED, PAID));
    outbox.append(OutboxEvent.tombstone("Order", "42", "OrderErased"));

    AppendedEvents appended = outbox.appended();
    appended.assertTypes("OrderPlaced", "PaymentCaptured", "OrderErased");
    appended
        .assertOne("OrderPlaced")
        .hasType("OrderPlaced")
        .hasAggregate("Order", "42")
        .hasId(PLACED.id())
        .hasHeader("tenant", "acme")
        .hasNoHeader("traceparent")
        .hasContentType("application/json")
        .hasPayload("{\"total\":10}")
        .hasPayloadThat("has a total", json -> json.contains("total"));
    appended
        .of("Payment", "7")
        .assertOnly()
        .hasBusinessKey("payment-7")
        .hasContentType("application/x")
        .hasPayload(new byte[] {0, 1});
    appended.assertOne("OrderErased").isTombstone();
  }

  @Test
  void everyAssertionFailsOnSomethingElse() {
    outbox.append(PLACED);
    EventAssertions event = outbox.appended().assertOnly();

    List<Executable> wrong =
        List.of(
            () -> event.hasType("OrderPaid"),
            () -> event.hasAggregate("Order", "43"),
            () -> event.hasAggregate("Basket", "42"),
            () -> event.hasId(PAID.id()),
            () -> event.hasBusinessKey("order-42"),
            () -> event.hasHeader("tenant", "globex"),
            () -> event.hasHeader("region", "eu"),
            () -> event.hasNoHeader("tenant"),
            () -> event.hasContentType("application/x"),
            () -> event.hasPayload("{}"),
            () -> event.hasPayload(new byte[] {1}),
            () -> event.hasPayloadThat("is empty", String::isEmpty),
            () -> event.isTombstone(),
            () -> outbox.appended().assertNone(),
            () -> outbox.appended().assertTypes("OrderPaid"),
            () -> outbox.appended().assertTypes("OrderPlaced", "OrderPlaced"),
            () -> outbox.appended().assertOne("OrderPaid"),
            () -> outbox.appended().of("Order", "43").assertOnly());

    assertThat(wrong)
        .allSatisfy(
            assertion ->
                assertThatExceptionOfType(AssertionError.class).isThrownBy(assertion::execute));
  }

  @Test
  void aFailureSaysWhatWasExpectedWhatWasThereAndAllThatWasAppended() {
    outbox.append(PLACED);

    assertThatThrownBy(() -> outbox.appended().assertOnly().hasAggregate("Order", "43"))
        .hasMessage(
            "aggregate: expected Order/43 but was Order/42%nappended: %n  %s".formatted(PLACED));
    assertThatThrownBy(() -> new RecordingOutbox().appended().assertOnly())
        .hasMessage("number of events: expected 1 but was 0%nappended: nothing".formatted());
  }

  @Test
  void anIdThatIsThereAlreadyIsADuplicateAsInTheTable() {
    outbox.append(PLACED);

    List<AppendResult> again = outbox.append(List.of(PLACED, PAID, PAID));

    assertThat(again).extracting(AppendResult::appended).containsExactly(false, true, false);
    outbox.appended().assertTypes("OrderPlaced", "PaymentCaptured");
  }

  @Test
  void clearForgetsEventsAndIds() {
    outbox.append(PLACED);

    outbox.clear();

    outbox.appended().assertNone();
    assertThat(outbox.append(PLACED).appended()).isTrue();
  }

  @Test
  void theLibrarysValidationHoldsInTests() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> outbox.append(OutboxEvent.of("Order", " ", "OrderPlaced", "{}")))
        .withMessage("aggregateId must not be blank");
  }

  @Test
  void severalThreadsMayAppendAtOnce() throws InterruptedException {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    for (int i = 0; i < 8; i++) {
      threads.execute(
          () -> {
            for (int n = 0; n < 500; n++) {
              outbox.append(OutboxEvent.of("Order", "42", "OrderPlaced", "{}"));
              outbox.append(PAID);
            }
          });
    }
    threads.shutdown();
    assertThat(threads.awaitTermination(30, TimeUnit.SECONDS)).isTrue();

    assertThat(outbox.appended().events()).hasSize(4_001);
    outbox.appended().assertOne("PaymentCaptured");
  }
}
