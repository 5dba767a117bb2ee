create or replace function ratchet_private.end_worker_backends(p_worker_id integer) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_lock_timeout text := current_setting('lock_timeout');
begin
  begin
    perform pg_terminate_backend(b) from ratchet_private.worker_backends(p_worker_id) b;
  exception when insufficient_privilege then
    -- They belong to a role that this one may not end. The fences hold without that.
    return;
  end;
  -- Each of them shares this lock: whoever gets it alone knows that they are gone, and keeps new ones out until the commit.
  perform set_config('lock_timeout', '2s', true);
  begin
    perform pg_advisory_xact_lock(ratchet_private.session_lock_class(), p_worker_id);
  exception when lock_not_available then
    null;
  end;
  perform set_config('lock_timeout', v_lock_timeout, true);
end
$$;
comment on function ratchet_private.end_worker_backends(integer) is 'Ends every connection of a worker, waits until they are gone, and lets in no new one before the end of this transaction.';
