comment on table ratchet_private.sweep_progress is 'How far the sweep has come, for all workers together.';
