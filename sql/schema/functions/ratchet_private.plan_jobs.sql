create or replace function ratchet_private.plan_jobs(p_specs jsonb) returns ratchet_private.job_spec[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
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
  -- Raised again from here, so that psql shows three lines of context and not thirty. The block writes nothing, so it costs no
  -- transaction id.
  begin
    return ratchet_private.read_job_specs(p_specs);
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
end
$$;
comment on function ratchet_private.plan_jobs(jsonb) is 'What add_jobs was given, checked and planned; its errors are those that users read. Reads only.';
