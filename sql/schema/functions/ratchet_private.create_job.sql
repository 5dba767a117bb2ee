create or replace function ratchet_private.create_job(p_identifier text, p_payload jsonb, p_tenant text) returns ratchet.jobs
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  v_now timestamptz := ratchet_private.clock_now();
  v_job ratchet.jobs;
begin
  if p_payload is null or jsonb_typeof(p_payload) <> 'object' then
    raise exception using
      errcode = 'RT002',
      message = format('The payload of "%s" must be a JSON object and is %s.', p_identifier, coalesce(jsonb_typeof(p_payload), 'null')),
      hint = 'Put the value into an object, such as {"value": …}. Nothing was written.';
  end if;
  if pg_column_size(p_payload) > 33554432 then
    raise exception using
      errcode = 'RT006',
      message = format('The payload of "%s" has %s bytes; 33554432 are the most.', p_identifier, pg_column_size(p_payload)),
      hint = 'Store large data elsewhere and give the job where it is. Nothing was written.';
  end if;
  if p_identifier is null or length(p_identifier) not between 1 and 128 then
    raise exception using
      errcode = 'RT006', message = 'The identifier must have 1 to 128 characters.', hint = 'Nothing was written.';
  end if;
  if p_tenant is null or length(p_tenant) not between 1 and 128 then
    raise exception using
      errcode = 'RT006', message = 'tenant must have 1 to 128 characters.', hint = 'Nothing was written.';
  end if;
  insert into ratchet.jobs (identifier, payload, tenant, run_at, created_at)
    values (p_identifier, p_payload, p_tenant, v_now, v_now) returning * into v_job;
  return v_job;
end
$$;
comment on function ratchet_private.create_job(text, jsonb, text) is 'TaskOrchestrator: a job outside the queue, without a definition, a plan or a wake-up.';
