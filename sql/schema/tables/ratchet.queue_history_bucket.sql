comment on type ratchet.queue_history_bucket is 'How many jobs ended within a stretch of time.';
comment on column ratchet.queue_history_bucket.started_at is 'When the stretch begins; it ends where the next one begins.';
comment on column ratchet.queue_history_bucket.completed is 'Jobs that ended as COMPLETED.';
comment on column ratchet.queue_history_bucket.failed_for_good is 'Jobs that ended as FAILED.';
comment on column ratchet.queue_history_bucket.cancelled is 'Jobs that ended as CANCELLED.';
