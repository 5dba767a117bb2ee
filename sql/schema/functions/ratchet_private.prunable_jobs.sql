create or replace function ratchet_private.prunable_jobs(p_limit integer default null) returns setof bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off as $$
declare
  c_for_ever constant interval := '1000 years';
  v_now timestamptz := ratchet_private.clock_now();
  v_left bigint := coalesce(p_limit, 9223372036854775807);
  v_found bigint;
  v_identifier text := '';
  v_keep_completed interval;
  v_keep_failed interval;
  v_completed_before timestamptz;
  v_failed_before timestamptz;
begin
  loop
    -- From one identifier to the next in the index: those of deleted definitions are found too.
    v_identifier := (
      select j.identifier from ratchet.jobs j
      where j.finished_at is not null and j.identifier > v_identifier
      order by j.identifier, j.finished_at limit 1);
    exit when v_identifier is null or v_left <= 0;
    v_keep_completed := null;
    v_keep_failed := null;
    select d.keep_completed, d.keep_failed into v_keep_completed, v_keep_failed from ratchet.definitions d
      where d.identifier = v_identifier order by d.current_since desc, d.version limit 1;
    v_keep_completed := coalesce(v_keep_completed, interval '30 days');
    v_keep_failed := coalesce(v_keep_failed, interval '90 days');
    v_completed_before := case when v_keep_completed < c_for_ever then v_now - v_keep_completed else '-infinity' end;
    v_failed_before := case when v_keep_failed < c_for_ever then v_now - v_keep_failed else '-infinity' end;
    return query
      select j.id from ratchet.jobs j
      where j.identifier = v_identifier and j.finished_at is not null
        and j.finished_at < greatest(v_completed_before, v_failed_before)
        and j.finished_at < case j.status when 'COMPLETED' then v_completed_before else v_failed_before end
      order by j.identifier, j.finished_at limit v_left;
    get diagnostics v_found = row_count;
    v_left := v_left - v_found;
  end loop;
end
$$;
comment on function ratchet_private.prunable_jobs(integer) is 'Finished jobs that are kept no longer, by the retention of the current version of their definition; the oldest of each identifier first.';
