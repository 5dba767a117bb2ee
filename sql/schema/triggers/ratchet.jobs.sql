create or replace trigger jobs_status_follows_tasks before update on ratchet.jobs
  for each row when (old.status <> new.status and coalesce(current_setting('ratchet.engine', true), '') = '')
  execute function ratchet_private.refuse_status_by_hand();
