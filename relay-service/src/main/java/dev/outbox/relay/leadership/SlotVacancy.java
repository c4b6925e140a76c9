package dev.outbox.relay.leadership;

import dev.outbox.relay.database.DatabaseSession;

/** What an instance that stands by looks at, several times a second. */
public final class SlotVacancy {

  private final DatabaseSession database;
  private final String slot;

  /** Nothing is looked at yet. */
  public SlotVacancy(DatabaseSession database, String slot) {
    this.database = database;
    this.slot = slot;
  }

  /**
   * Whether nobody streams from the slot; so too when it is gone, which is for a closer look.
   *
   * @throws dev.outbox.relay.failure.RelayException when the database cannot be asked
   */
  public boolean isVacant() {
    return database.call(
        sql ->
            sql.sql(
                    """
                    select not exists (select 1 from pg_replication_slots
                      where slot_name = :slot and active_pid is not null)
                    """)
                .param("slot", slot)
                .query(Boolean.class)
                .single());
  }
}
