create or replace function ratchet_private.read_job_specs(p_specs jsonb) returns ratchet_private.job_spec[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  c_fields constant text[] := array['identifier', 'payload', 'task_names', 'run_at', 'max_attempts', 'retry_delay',
    'priority', 'queue_name', 'job_key', 'job_key_mode', 'tenant'];
  -- A worker holds the payloads of all its jobs in memory, twice; jsonb itself would take 255 MiB in one text.
  c_largest_payload constant integer := 32 * 1024 * 1024;
  v_given record;
  v_payload jsonb;
  v_names jsonb;
  v_definitions ratchet_private.current_definition[] := '{}';
  v_definition ratchet_private.current_definition;
  v_plan ratchet_private.planned_task[];
  v_specs ratchet_private.job_spec[] := '{}';
  v_count constant integer := jsonb_array_length(p_specs);
  v_tenants constant text[] := ratchet_private.caller_tenants();
  v_default_tenant text;
  v_where text;
  v_problem text;
  v_hint text := 'Nothing was written.';
  v_code text := 'RT006';
begin
  for v_given in
    select g.* from rows from (
      jsonb_array_elements(p_specs),
      jsonb_to_recordset(p_specs) as (
        identifier text, run_at timestamptz, max_attempts integer, retry_delay interval, priority integer,
        queue_name text, job_key text, job_key_mode text, tenant text
      )
    ) with ordinality g (spec, identifier, run_at, max_attempts, retry_delay, priority, queue_name, job_key, job_key_mode, tenant, n)
  loop
    v_where := case when v_count > 1 then 'Job ' || v_given.n || ' of ' || v_count || ': ' else '' end;
    v_payload := coalesce(v_given.spec -> 'payload', '{}');
    v_names := nullif(v_given.spec -> 'task_names', 'null');
    if v_definition.identifier is distinct from v_given.identifier then
      select d.* into v_definition from unnest(v_definitions) d where d.identifier = v_given.identifier;
      if v_definition.identifier is null then
        select d.identifier, d.version, d.templates, null into v_definition
          from ratchet.definitions d where d.identifier = v_given.identifier order by d.current_since desc, d.version limit 1;
        if v_definition.identifier is not null and not jsonb_path_exists(v_definition.templates, '$[*] ? (@.each != null)') then
          v_definition.plan := ratchet_private.expand_plan(v_where, v_definition.identifier, v_definition.templates, '{}', null);
        end if;
        v_definitions := v_definitions || v_definition;
      end if;
    end if;

    if v_given.identifier is null then
      v_problem := 'The identifier is missing.';
    elsif v_definition.identifier is null then
      v_code := 'RT001';
      v_problem := format('No definition "%s" is registered.', v_given.identifier);
      v_hint := format('Registered: %s. Put the definition into tasks/ and run "ratchet migrate" or start a worker. Nothing was written.',
        coalesce((select string_agg(distinct d.identifier, ', ') from ratchet.definitions d), 'none'));
    elsif v_given.spec - c_fields <> '{}' then
      v_problem := format('Unknown field %s.', (
        select string_agg(quote_ident(k), ', ') from jsonb_object_keys(v_given.spec - c_fields) k));
      v_hint := format('The fields are: %s. Nothing was written.', array_to_string(c_fields, ', '));
    elsif jsonb_typeof(v_payload) <> 'object' then
      v_code := 'RT002';
      v_problem := format('The payload of "%s" must be a JSON object and is %s.', v_given.identifier, jsonb_typeof(v_payload));
      v_hint := 'Put the value into an object, such as {"value": …}. Nothing was written.';
    elsif jsonb_typeof(v_names) <> 'array' or jsonb_path_exists(v_names, 'strict $[*] ? (@.type() != "string")', '{}', true) then
      v_problem := 'task_names must be an array of texts.';
    elsif v_given.max_attempts < 1 then
      v_problem := format('max_attempts must be at least 1 and is %s.', v_given.max_attempts);
    elsif v_given.retry_delay < interval '0' then
      v_problem := format('retry_delay must not be negative and is %s.', v_given.retry_delay);
    elsif v_given.retry_delay > interval '10 years' then
      v_problem := format('retry_delay must be at most 10 years and is %s.', v_given.retry_delay);
    elsif v_given.priority not between -32768 and 32767 then
      v_problem := format('priority must be between -32768 and 32767 and is %s.', v_given.priority);
    elsif length(v_given.queue_name) not between 1 and 128 then
      v_problem := 'queue_name must have 1 to 128 characters.';
    elsif length(v_given.job_key) not between 1 and 400 then
      v_problem := 'job_key must have 1 to 400 characters.';
    elsif v_given.job_key like 'ratchet:%' then
      v_code := 'RT007';
      v_problem := format('The job key "%s" begins with "ratchet:", which is reserved.', v_given.job_key);
      v_hint := 'Choose another prefix. Nothing was written.';
    elsif v_given.job_key_mode is not null and v_given.job_key is null then
      v_problem := 'job_key_mode has no meaning without a job_key.';
    elsif v_given.job_key_mode not in ('replace', 'preserve_run_at', 'unsafe_dedupe') then
      v_problem := format('job_key_mode must be replace, preserve_run_at or unsafe_dedupe and is "%s".', v_given.job_key_mode);
    elsif length(v_given.tenant) not between 1 and 128 then
      v_problem := 'tenant must have 1 to 128 characters.';
    elsif not isfinite(v_given.run_at) then
      v_problem := 'run_at must be a finite time.';
    elsif v_given.run_at not between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' then
      v_problem := format('run_at must be in the years 1 to 9999 and is %s.', v_given.run_at);
    elsif pg_column_size(v_payload) > c_largest_payload then
      v_problem := format('The payload of "%s" has %s bytes; %s are the most.', v_given.identifier, pg_column_size(v_payload), c_largest_payload);
      v_hint := 'Store large data elsewhere and queue where it is, or split it over several jobs. Nothing was written.';
    end if;
    if v_problem is not null then
      raise exception using errcode = v_code, message = v_where || v_problem, hint = v_hint;
    end if;

    if v_given.tenant is null then
      v_default_tenant := coalesce(v_default_tenant, ratchet_private.tenant_to_add(null, v_tenants));
    elsif v_given.tenant <> all (v_tenants) then
      perform ratchet_private.tenant_to_add(v_given.tenant, v_tenants);
    end if;

    if v_names is not null then
      v_plan := ratchet_private.expand_plan(v_where, v_given.identifier, v_definition.templates, v_payload,
        array(select jsonb_array_elements_text(v_names)));
    elsif v_definition.plan is null then
      v_plan := ratchet_private.expand_plan(v_where, v_given.identifier, v_definition.templates, v_payload, null);
    else
      v_plan := v_definition.plan;
    end if;
    v_specs[v_given.n] := row(
      v_given.identifier, v_definition.version, v_payload, v_given.run_at, v_given.max_attempts, v_given.retry_delay,
      coalesce(v_given.priority, 0), v_given.queue_name, v_given.job_key, coalesce(v_given.job_key_mode, 'replace'),
      coalesce(v_given.tenant, v_default_tenant), v_plan
    )::ratchet_private.job_spec;
  end loop;
  return v_specs;
end
$$;
comment on function ratchet_private.read_job_specs(jsonb) is 'Checks, types and plans what add_jobs was given; refuses the whole list with the first problem. Reads only.';
