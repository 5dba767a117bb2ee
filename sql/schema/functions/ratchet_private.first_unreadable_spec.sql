create or replace function ratchet_private.first_unreadable_spec(
  p_specs jsonb, out code text, out message text, out detail text, out hint text
)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_count constant integer := jsonb_array_length(p_specs);
begin
  for v_n in 1 .. v_count loop
    begin
      perform ratchet_private.read_job_specs(jsonb_build_array(p_specs -> (v_n - 1)));
    exception when others then
      get stacked diagnostics code = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
      if code like '22%' then
        code := 'RT006';
        message := case jsonb_typeof(p_specs -> (v_n - 1))
          when 'object' then format('A value cannot be read: %s.', message)
          else format('A job is described by a JSON object, not by %s.', jsonb_typeof(p_specs -> (v_n - 1))) end;
        detail := '';
        hint := 'Nothing was written.';
      end if;
      if v_count > 1 then
        message := format('Job %s of %s: %s', v_n, v_count, message);
      end if;
      return;
    end;
  end loop;
end
$$;
comment on function ratchet_private.first_unreadable_spec(jsonb) is 'What is wrong with the first job that add_jobs cannot read, where a value in one of them is not of its type.';
