create or replace function ratchet_private.refuse_scrubbed(p_job ratchet.jobs, p_refusal text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  if p_job.scrubbed_at is not null then
    raise exception using
      errcode = 'RT018',
      message = format('Job %s %s: its payload was scrubbed.', p_job.id, p_refusal),
      hint = 'Add a new job with a payload of its own. Nothing was changed.';
  end if;
end
$$;
comment on function ratchet_private.refuse_scrubbed(ratchet.jobs, text) is 'Raises RT018 if a job was scrubbed; p_refusal says what it therefore cannot do.';
