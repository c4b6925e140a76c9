create index if not exists inbox_event_expiry on ${inboxTable} (consumer, processed_at);
