create or replace function ratchet_private.read_job_specs(p_specs jsonb) returns ratchet_private.job_spec[]
language plpgsql stable set search_path = '' as $$
declare
  c_fields constant text[] := array['identifier', 'payload', 'task_names', 'run_at', 'max_attempts', 'retry_delay',
    'priority', 'queue_name', 'job_key', 'job_key_mode', 'tenant'];
  -- A worker holds the payloads of all its jobs in memory, twice; jsonb itself would take 255 MiB in one text.
  c_largest_payload constant integer := 32 * 1024 * 1024;
  v_spec record;
  v_where text;
  v_problem text;
  v_hint text;
  v_code text;
begin
  for v_spec in
    select e.n, e.spec, s.*, d.identifier is not null as is_known
    from jsonb_array_elements(p_specs) with ordinality e (spec, n)
    cross join lateral jsonb_to_record(case jsonb_typeof(e.spec) when 'object' then e.spec else '{}' end) s (
      identifier text, run_at timestamptz, max_attempts integer, retry_delay interval, priority integer,
      queue_name text, job_key text, job_key_mode text, tenant text
    )
    left join lateral (
      select d.identifier from ratchet.definitions d where d.identifier = s.identifier limit 1
    ) d on true
    where jsonb_typeof(e.spec) <> 'object'
      or s.identifier is null
      or d.identifier is null
      or not (array(select jsonb_object_keys(e.spec)) <@ c_fields)
      or jsonb_typeof(coalesce(e.spec -> 'payload', '{}')) <> 'object'
      or jsonb_typeof(coalesce(e.spec -> 'task_names', 'null')) not in ('array', 'null')
      or jsonb_path_exists(e.spec, 'strict $.task_names[*] ? (@.type() != "string")', '{}', true)
      or s.max_attempts < 1
      or s.retry_delay not between interval '0' and interval '10 years'
      or s.priority not between -32768 and 32767
      or length(s.queue_name) not between 1 and 128
      or length(s.job_key) not between 1 and 400
      or s.job_key like 'ratchet:%'
      or (s.job_key_mode is not null and s.job_key is null)
      or s.job_key_mode not in ('replace', 'preserve_run_at', 'unsafe_dedupe')
      or length(s.tenant) not between 1 and 128
      or s.run_at not between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00'
      or pg_column_size(e.spec -> 'payload') > c_largest_payload
    order by e.n limit 1
  loop
    v_where := case when jsonb_array_length(p_specs) > 1 then format('Job %s of %s: ', v_spec.n, jsonb_array_length(p_specs)) else '' end;
    v_code := 'RT006';
    v_hint := 'Nothing was written.';
    if jsonb_typeof(v_spec.spec) <> 'object' then
      v_problem := format('A job is described by a JSON object, not by %s.', jsonb_typeof(v_spec.spec));
    elsif v_spec.identifier is null then
      v_problem := 'The identifier is missing.';
    elsif not v_spec.is_known then
      v_code := 'RT001';
      v_problem := format('No definition "%s" is registered.', v_spec.identifier);
      v_hint := format('Registered: %s. Put the definition into tasks/ and run "ratchet migrate" or start a worker. Nothing was written.',
        coalesce((select string_agg(distinct d.identifier, ', ') from ratchet.definitions d), 'none'));
    elsif not (array(select jsonb_object_keys(v_spec.spec)) <@ c_fields) then
      v_problem := format('Unknown field %s.', (
        select string_agg(quote_ident(k), ', ') from jsonb_object_keys(v_spec.spec) k where k <> all (c_fields)));
      v_hint := format('The fields are: %s. Nothing was written.', array_to_string(c_fields, ', '));
    elsif jsonb_typeof(coalesce(v_spec.spec -> 'payload', '{}')) <> 'object' then
      v_code := 'RT002';
      v_problem := format('The payload of "%s" must be a JSON object and is %s.', v_spec.identifier, jsonb_typeof(v_spec.spec -> 'payload'));
      v_hint := 'Put the value into an object, such as {"value": …}. Nothing was written.';
    elsif jsonb_typeof(coalesce(v_spec.spec -> 'task_names', 'null')) not in ('array', 'null')
      or jsonb_path_exists(v_spec.spec, 'strict $.task_names[*] ? (@.type() != "string")', '{}', true) then
      v_problem := 'task_names must be an array of texts.';
    elsif v_spec.max_attempts < 1 then
      v_problem := format('max_attempts must be at least 1 and is %s.', v_spec.max_attempts);
    elsif v_spec.retry_delay < interval '0' then
      v_problem := format('retry_delay must not be negative and is %s.', v_spec.retry_delay);
    elsif v_spec.retry_delay > interval '10 years' then
      v_problem := format('retry_delay must be at most 10 years and is %s.', v_spec.retry_delay);
    elsif v_spec.priority not between -32768 and 32767 then
      v_problem := format('priority must be between -32768 and 32767 and is %s.', v_spec.priority);
    elsif length(v_spec.queue_name) not between 1 and 128 then
      v_problem := 'queue_name must have 1 to 128 characters.';
    elsif length(v_spec.job_key) not between 1 and 400 then
      v_problem := 'job_key must have 1 to 400 characters.';
    elsif v_spec.job_key like 'ratchet:%' then
      v_code := 'RT007';
      v_problem := format('The job key "%s" begins with "ratchet:", which is reserved.', v_spec.job_key);
      v_hint := 'Choose another prefix. Nothing was written.';
    elsif v_spec.job_key_mode is not null and v_spec.job_key is null then
      v_problem := 'job_key_mode has no meaning without a job_key.';
    elsif v_spec.job_key_mode not in ('replace', 'preserve_run_at', 'unsafe_dedupe') then
      v_problem := format('job_key_mode must be replace, preserve_run_at or unsafe_dedupe and is "%s".', v_spec.job_key_mode);
    elsif length(v_spec.tenant) not between 1 and 128 then
      v_problem := 'tenant must have 1 to 128 characters.';
    elsif not isfinite(v_spec.run_at) then
      v_problem := 'run_at must be a finite time.';
    elsif v_spec.run_at not between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' then
      v_problem := format('run_at must be in the years 1 to 9999 and is %s.', v_spec.run_at);
    else
      v_problem := format('The payload of "%s" has %s bytes; %s are the most.', v_spec.identifier, pg_column_size(v_spec.spec -> 'payload'), c_largest_payload);
      v_hint := 'Store large data elsewhere and queue where it is, or split it over several jobs. Nothing was written.';
    end if;
    raise exception using
      errcode = v_code,
      message = v_where || v_problem,
      hint = v_hint;
  end loop;

  return array(
    select row(
      s.identifier, d.version, coalesce(e.spec -> 'payload', '{}'), s.run_at, s.max_attempts, s.retry_delay,
      coalesce(s.priority, 0)::smallint, s.queue_name, s.job_key, coalesce(s.job_key_mode, 'replace'), coalesce(s.tenant, 'default'),
      ratchet_private.expand_plan(
        case when jsonb_array_length(p_specs) > 1 then format('Job %s of %s: ', e.n, jsonb_array_length(p_specs)) else '' end,
        s.identifier, d.templates, coalesce(e.spec -> 'payload', '{}'),
        case when jsonb_typeof(e.spec -> 'task_names') = 'array' then array(select jsonb_array_elements_text(e.spec -> 'task_names')) end)
    )::ratchet_private.job_spec
    from jsonb_array_elements(p_specs) with ordinality e (spec, n)
    cross join lateral jsonb_to_record(e.spec) s (
      identifier text, run_at timestamptz, max_attempts integer, retry_delay interval, priority integer,
      queue_name text, job_key text, job_key_mode text, tenant text
    )
    cross join lateral (
      select d.version, d.templates from ratchet.definitions d
      where d.identifier = s.identifier order by d.current_since desc, d.version limit 1
    ) d
    order by e.n
  );
end
$$;
comment on function ratchet_private.read_job_specs(jsonb) is 'Checks, types and plans what add_jobs was given; refuses the whole list with the first problem. Reads only.';
