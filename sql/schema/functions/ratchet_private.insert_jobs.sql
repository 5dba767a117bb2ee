create or replace function ratchet_private.insert_jobs(p_specs jsonb) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call. Plans are kept:
-- a statement over an array would be planned at each call, which takes longer than running it for one job.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
declare
  v_specs ratchet_private.job_spec[];
  v_keys integer;
  v_code text;
  v_message text;
  v_detail text;
  v_hint text;
begin
  if p_specs is null or jsonb_typeof(p_specs) <> 'array' then
    raise exception using
      errcode = 'RT006',
      message = format('add_jobs takes a JSON array of objects, not %s.', coalesce(jsonb_typeof(p_specs), 'null')),
      hint = 'For one job call ratchet.add_job. Nothing was written.';
  end if;
  -- Raised again from here, so that psql shows two lines of context and not thirty. The block writes nothing, so it costs no
  -- transaction id.
  begin
    v_specs := ratchet_private.read_job_specs(p_specs);
  exception when others then
    get stacked diagnostics v_code = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail, v_hint = pg_exception_hint;
    if v_code like '22%' then
      select u.code, u.message, u.detail, u.hint into v_code, v_message, v_detail, v_hint
        from ratchet_private.first_unreadable_spec(p_specs) u;
    elsif v_code not like 'RT%' then
      raise;
    end if;
    -- An empty detail would be shown as one.
    if v_detail = '' then
      raise exception using errcode = v_code, message = v_message, hint = v_hint;
    end if;
    raise exception using errcode = v_code, message = v_message, detail = v_detail, hint = v_hint;
  end;

  v_keys := (select count(s.job_key) from unnest(v_specs) s);
  if v_keys < 2 then
    return ratchet_private.write_specs(v_specs, v_keys);
  end if;
  -- Whoever takes several keys can meet another who took some of them in another order: a job that stood between theirs ended,
  -- or came. Postgres ends one of the two, and that one begins again, as long as the caller's own transaction is not part of it.
  for v_n in 1..5 loop
    begin
      return ratchet_private.write_specs(v_specs, v_keys);
    exception when deadlock_detected then
      if v_n = 5 then
        raise;
      end if;
      -- Its locks are free since the block ended; at once it would take them again before the other one has woken up.
      perform pg_catalog.pg_sleep(0.05 * v_n);
    end;
  end loop;
end
$$;
comment on function ratchet_private.insert_jobs(jsonb) is 'Adds jobs with plans and wake-ups in the caller''s transaction; returns their ids in order.';
