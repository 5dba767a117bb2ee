create or replace function ratchet_private.first_unreadable_spec(p_specs jsonb) returns integer
language plpgsql stable set search_path = '' as $$
begin
  for v_n in 1 .. jsonb_array_length(p_specs) loop
    begin
      perform ratchet_private.read_job_specs(jsonb_build_array(p_specs -> (v_n - 1)));
    exception when others then
      return v_n;
    end;
  end loop;
  return null;
end
$$;
comment on function ratchet_private.first_unreadable_spec(jsonb) is 'For an error message: which of the jobs that add_jobs was given cannot be read.';
