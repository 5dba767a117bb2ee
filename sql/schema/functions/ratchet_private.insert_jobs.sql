create or replace function ratchet_private.insert_jobs(p_specs jsonb) returns bigint[]
language plpgsql volatile set search_path = '' as $$
declare
  v_mark text;
  v_ids bigint[];
  v_n integer;
begin
  if p_specs is null or jsonb_typeof(p_specs) <> 'array' then
    raise exception using
      errcode = 'RT006',
      message = format('add_jobs takes a JSON array of objects, not %s.', coalesce(jsonb_typeof(p_specs), 'null')),
      hint = 'For one job call ratchet.add_job. Nothing was written.';
  end if;
  v_mark := ratchet_private.begin_engine_change('order');
  v_ids := array(
    select case when e.spec ->> 'job_key' is null then nextval('ratchet.jobs_id_seq') end
    from jsonb_array_elements(p_specs) with ordinality e (spec, n) order by e.n
  );
  perform ratchet_private.write_jobs(p_specs, v_ids);
  for v_n in select n from generate_series(1, cardinality(v_ids)) n where v_ids[n] is null loop
    v_ids[v_n] := ratchet_private.take_job_key(p_specs -> (v_n - 1));
  end loop;
  perform ratchet_private.add_wake_ups(array(
    select j.id from ratchet.jobs j where j.id = any (v_ids) and j.status = 'PENDING' order by j.id
  ));
  perform ratchet_private.end_engine_change(v_mark);
  return v_ids;
end
$$;
comment on function ratchet_private.insert_jobs(jsonb) is 'Adds jobs with plans and wake-ups in the caller''s transaction; returns their ids in order.';
