comment on type ratchet.orders_outcome is 'What has become of an order about many jobs.';
comment on column ratchet.orders_outcome.matched is 'How many jobs this call was about; with dry_run, how many match altogether.';
comment on column ratchet.orders_outcome.done is 'How many of them took the order: 0 with dry_run.';
comment on column ratchet.orders_outcome.refused is 'How many of them refused it and were left as they were.';
comment on column ratchet.orders_outcome.refusals is 'Why, by reason.';
comment on column ratchet.orders_outcome.next_after is 'There may be more: call again with this as after. Null: these were the last.';
