create or replace function ratchet_private.write_specs(p_specs ratchet_private.job_spec[]) returns bigint[]
language plpgsql volatile set search_path = ''
-- By key, always: a plan made while the tables were small is cached for the session and would read them whole later. No JIT:
-- before Postgres 18 the price of what is switched off looks like a query worth compiling, at 13 ms a call.
set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_mark text := ratchet_private.begin_engine_change('order');
  v_spec ratchet_private.job_spec;
  v_ids bigint[];
  v_n integer;
begin
  v_ids := ratchet_private.write_jobs(p_specs);
  -- Sessions that take several keys at once take the jobs that have them in the order of their ids, then the keys in order.
  if (select count(*) > 1 from unnest(p_specs) s where s.job_key is not null) then
    perform ratchet_private.lock_job(o.id) from (
      select distinct ratchet_private.job_with_key(s.tenant, s.job_key) as id from unnest(p_specs) s
      where s.job_key is not null order by id
    ) o where o.id is not null;
  end if;
  for v_n in
    select s.ordinality from unnest(p_specs) with ordinality s where s.job_key is not null order by s.tenant, s.job_key, s.ordinality
  loop
    v_spec := p_specs[v_n];
    v_ids[v_n] := ratchet_private.take_job_key(v_spec);
  end loop;
  perform ratchet_private.add_wake_ups(array(
    select j.id from ratchet.jobs j where j.id = any (v_ids) and j.status = 'PENDING' order by j.id
  ));
  perform ratchet_private.end_engine_change(v_mark);
  return v_ids;
end
$$;
comment on function ratchet_private.write_specs(ratchet_private.job_spec[]) is 'Writes jobs with plans and wake-ups in the caller''s transaction; returns their ids in order.';
