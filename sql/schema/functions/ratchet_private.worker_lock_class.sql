create or replace function ratchet_private.worker_lock_class() returns integer
language sql immutable parallel safe as 'select 1382118522';
comment on function ratchet_private.worker_lock_class() is 'First key of the advisory locks that live workers hold; the second is the worker''s id.';
