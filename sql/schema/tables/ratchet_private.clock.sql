comment on table ratchet_private.clock is 'By how much Ratchet''s clock is ahead of the database''s: nothing, but in tests.';
