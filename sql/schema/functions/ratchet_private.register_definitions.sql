create or replace function ratchet_private.register_definitions(p_definitions jsonb, p_make_current boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- Longer than a worker's connections wait for rows: another registration, or a vacuum, is worth waiting for at the start.
set lock_timeout = '15s' as $$
declare
  v_now timestamptz;
  v_definition record;
  v_template jsonb;
  v_current text;
begin
  -- One registration at a time, or two workers that start together could both believe to be the newer one.
  lock table ratchet.definitions in share row exclusive mode;
  -- After the wait, so that whoever registers last is the newest.
  v_now := ratchet_private.clock_now();
  for v_definition in
    select * from jsonb_to_recordset(p_definitions) d (
      identifier text, version text, templates jsonb, payload_schema jsonb, max_attempts integer, retry_delay interval,
      retry_backoff double precision, retry_max_delay interval, retry_jitter double precision, timeout interval, keep_completed interval, keep_failed interval,
      hide_payloads boolean
    ) order by d.identifier
  loop
    for v_template in select * from jsonb_array_elements(v_definition.templates) loop
      if v_template ->> 'each' like '%**%' or v_template ->> 'each' not like 'strict %' then
        raise exception using
          errcode = 'RT012',
          message = format('The source %s of the tasks "%s" in "%s" cannot be used.',
            v_template ->> 'each', v_template ->> 'key', v_definition.identifier),
          hint = 'Use a strict jsonpath without "**", such as strict $."images"[*].';
      end if;
      begin
        perform (v_template ->> 'each')::jsonpath;
      exception when syntax_error or data_exception then
        raise exception using
          errcode = 'RT012',
          message = format('The source %s of the tasks "%s" in "%s" is no jsonpath.',
            v_template ->> 'each', v_template ->> 'key', v_definition.identifier),
          detail = format('Postgres says: %s.', sqlerrm),
          hint = 'See https://www.postgresql.org/docs/current/functions-json.html#FUNCTIONS-SQLJSON-PATH.';
      end;
    end loop;

    select d.version into v_current from ratchet.definitions d
      where d.identifier = v_definition.identifier order by d.current_since desc, d.version limit 1;
    insert into ratchet.definitions as d (
      identifier, version, templates, payload_schema, max_attempts, retry_delay, retry_backoff, retry_max_delay, retry_jitter,
      timeout, keep_completed, keep_failed, hide_payloads, registered_at, current_since
    ) values (
      v_definition.identifier, v_definition.version, v_definition.templates, v_definition.payload_schema, v_definition.max_attempts,
      v_definition.retry_delay, v_definition.retry_backoff, v_definition.retry_max_delay, v_definition.retry_jitter,
      v_definition.timeout, v_definition.keep_completed, v_definition.keep_failed,
      coalesce(v_definition.hide_payloads, false), v_now, v_now
    ) on conflict (identifier, version) do nothing;
    -- A worker that comes back with an older version changes nothing, unless no live worker knows the newer one (a roll-back).
    if not found and (
      p_make_current or v_current = v_definition.version
      or not exists (select from ratchet.workers w where v_current = any (w.known_versions) and ratchet_private.is_worker_live(w))
    ) then
      update ratchet.definitions d set
        templates = v_definition.templates, payload_schema = v_definition.payload_schema, max_attempts = v_definition.max_attempts,
        retry_delay = v_definition.retry_delay, retry_backoff = v_definition.retry_backoff,
        retry_max_delay = v_definition.retry_max_delay, retry_jitter = v_definition.retry_jitter,
        timeout = v_definition.timeout, keep_completed = v_definition.keep_completed, keep_failed = v_definition.keep_failed,
        hide_payloads = coalesce(v_definition.hide_payloads, false),
        current_since = case when v_current = d.version then d.current_since else v_now end
        where d.identifier = v_definition.identifier and d.version = v_definition.version;
    end if;
  end loop;
  -- graphile-worker does it when the first job of an identifier is added, and everybody who adds one waits for that transaction,
  -- which another tenant may leave open.
  insert into graphile_worker._private_tasks (identifier)
    select distinct d.identifier from jsonb_to_recordset(p_definitions) d (identifier text) on conflict do nothing;
end
$$;
comment on function ratchet_private.register_definitions(jsonb, boolean) is 'Registers definitions. A new version becomes the one that add_job uses; a known older one only if told so or if no live worker knows the newer one.';
