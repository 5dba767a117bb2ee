create or replace function ratchet_private.write_specs(p_specs ratchet_private.job_spec[], p_keys integer) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_mark text := ratchet_private.begin_engine_change('order');
  v_ids bigint[] := ratchet_private.write_jobs(p_specs);
  v_n integer;
begin
  if p_keys = 0 then
    perform ratchet_private.add_wake_ups(v_ids);
    perform ratchet_private.end_engine_change(v_mark);
    return v_ids;
  end if;
  -- Sessions that take several keys at once take the jobs that have them in the order of their ids, then the keys in order.
  if p_keys > 1 then
    perform ratchet_private.lock_job(o.id) from (
      select distinct ratchet_private.job_with_key(s.tenant, s.job_key) as id from unnest(p_specs) s
      where s.job_key is not null order by id
    ) o where o.id is not null;
  end if;
  for v_n in
    select s.ordinality from unnest(p_specs) with ordinality s where s.job_key is not null order by s.tenant, s.job_key, s.ordinality
  loop
    v_ids[v_n] := ratchet_private.take_job_key(p_specs[v_n]);
  end loop;
  perform ratchet_private.add_wake_ups(array(
    select j.id from ratchet.jobs j where j.id = any (v_ids) and j.status = 'PENDING' order by j.id
  ));
  perform ratchet_private.end_engine_change(v_mark);
  return v_ids;
end
$$;
comment on function ratchet_private.write_specs(ratchet_private.job_spec[], integer) is 'Writes jobs, p_keys of them with keys, with plans and wake-ups in the caller''s transaction; returns their ids in order.';
