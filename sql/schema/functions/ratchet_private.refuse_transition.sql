create or replace function ratchet_private.refuse_transition() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  raise exception using
    errcode = 'RT009',
    message = format('Task %s of job %s is %s and cannot become %s.', old.position, old.job_id, old.status, new.status),
    detail = 'A finished task is never run again, and one that has ended never changes its end.',
    hint = case old.status
      when 'COMPLETED' then 'Add a new job if the work must be done once more.'
      else 'Set it to PENDING first if it is to be run.' end;
end
$$;
comment on function ratchet_private.refuse_transition() is 'Trigger: raises for a change of a task''s status that the state machine does not have.';
