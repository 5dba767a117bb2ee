comment on type ratchet.orders_refusal is 'Jobs of an order about many that were refused for the same reason, and left as they were.';
comment on column ratchet.orders_refusal.code is 'The error that the order about one of these jobs raises, such as RT019.';
comment on column ratchet.orders_refusal.jobs is 'How many they are.';
comment on column ratchet.orders_refusal.first_job_id is 'The first of them.';
comment on column ratchet.orders_refusal.message is 'What was said of the first one.';
comment on column ratchet.orders_refusal.hint is 'What to do about it.';
