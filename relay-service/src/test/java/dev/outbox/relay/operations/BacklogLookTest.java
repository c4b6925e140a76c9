package dev.outbox.relay.operations;

import static org.assertj.core.api.Assertions.assertThat;

import dev.outbox.local.PostgresServer;
import dev.outbox.local.WithLocalStack;
import dev.outbox.relay.config.RelaySettings;
import dev.outbox.relay.operations.Backlog.Certainty;
import dev.outbox.relay.operations.Backlog.Waiting;
import dev.outbox.relay.parking.ParkedTable.Listed;
import dev.outbox.relay.support.OutboxDatabase;
import dev.outbox.relay.support.TestSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What waits, by the rows. */
@WithLocalStack
@Execution(ExecutionMode.CONCURRENT)
class BacklogLookTest {

  private final AtomicLong nanos = new AtomicLong(5);
  @AutoClose private OutboxDatabase database;
  @AutoClose private BacklogLook look;
  private RelaySettings settings;

  @BeforeEach
  void createDatabase(PostgresServer postgres) {
    database = OutboxDatabase.create(postgres);
    settings = TestSettings.of(database, "localhost:1", Map.of());
    look = new BacklogLook(settings, nanos::get);
  }

  @Test
  void whatIsOrWasParkedDoesNotCountAsWaiting() {
    String published = database.insert("Order", "1", "small");
    park(database.insert("Order", "2", "large"), "released");
    park(database.insert("Order", "3", "large"), "discarded");
    String parked = database.insert("Order", "4", "large");
    park(parked, "parked");
    Backlog backlog = look(published);
    assertThat(backlog.events()).isZero();
    assertThat(backlog.certainty()).isEqualTo(Certainty.COUNTED);
    assertThat(backlog.oldest()).isNull();
    assertThat(backlog.parked()).isEqualTo(1);
    assertThat(look.parked(10)).extracting(Listed::id).containsExactly(parked);
    String waiting = database.insert("Order", "5", "small");
    assertThat(look(published).events()).isEqualTo(1);
    assertThat(look(published).oldest()).extracting(Waiting::id).isEqualTo(waiting);
  }

  @Test
  void howManyWaitIsUnknownWithoutARowUnlessItWasSeenBefore() {
    String published = database.insert("Order", "1", "small");
    assertThat(look(published).events()).isZero();
    database.execute("delete from outbox_event");
    database.insert("Order", "1", "small");
    assertThat(look(published).events()).isEqualTo(1);
    Backlog unknown = look(UUID.randomUUID().toString());
    assertThat(unknown.events()).isNull();
    assertThat(unknown.certainty()).isEqualTo(Certainty.AT_MOST);
  }

  @Test
  void aTableThatCannotBeCountedIsNotAskedForEverAndCostsNoConnection() {
    String published = database.insert("Order", "1", "small");
    assertThat(look(published).events()).isZero();
    List<String> sessions = sessions();
    assertThat(sessions).hasSize(1);
    database.execute("alter table outbox_event rename seq to number");
    String another = UUID.randomUUID().toString();
    assertThat(look(another).events()).isNull();
    database.execute("alter table outbox_event rename number to seq");
    // Not asked again for a while, by the same session all the time
    assertThat(look(published).events()).isNull();
    nanos.addAndGet(Duration.ofMinutes(6).toNanos());
    assertThat(look(published).events()).isZero();
    assertThat(sessions()).isEqualTo(sessions);
  }

  private Backlog look(String published) {
    return look.now(Optional.empty(), Optional.of(published));
  }

  private void park(String id, String state) {
    database.execute(
        """
        insert into outbox_parked(relay, position, id, stage, reason, attempts, state)
        values ('%s', '%s', '%s', 'PUBLISHING', 'refused', 1, '%s')
        """
            .formatted(settings.name(), id, id, state));
  }

  /** Server processes that the look's connections have had. */
  private List<String> sessions() {
    return database.queryAll(
        "select pid from pg_stat_activity where application_name = 'outbox-relay "
            + Objects.requireNonNull(settings.name())
            + "' order by pid");
  }
}
