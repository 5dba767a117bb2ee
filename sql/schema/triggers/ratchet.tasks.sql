-- Postgres allows transition tables only on triggers for one event.
create or replace trigger tasks_1_followed_on_insert after insert on ratchet.tasks
  referencing new table as changed for each statement execute function ratchet_private.follow_tasks();
create or replace trigger tasks_1_followed_on_update after update on ratchet.tasks
  referencing new table as changed for each statement execute function ratchet_private.follow_tasks();
create or replace trigger tasks_1_followed_on_delete after delete on ratchet.tasks
  referencing old table as changed for each statement execute function ratchet_private.follow_tasks();

create or replace trigger tasks_2_not_truncated before truncate on ratchet.tasks
  for each statement execute function ratchet_private.refuse_identity_change();
create or replace trigger tasks_2_keep_their_place before update of job_id, position on ratchet.tasks
  for each row when (old.job_id <> new.job_id or old.position <> new.position)
  execute function ratchet_private.refuse_identity_change();

-- Each WHEN is checked without a call, so that the engine's writes cost none.
create or replace trigger tasks_3_only_legal_transitions before update on ratchet.tasks
  for each row when (
    old.status <> new.status and (
      -- The one way out of COMPLETED is an order, which is recorded: retry_job from a task.
      (old.status = 'COMPLETED' and not (new.status = 'PENDING' and coalesce(current_setting('ratchet.engine', true), '') = 'retry'))
      or (old.status in ('SKIPPED', 'CANCELLED') and new.status <> 'PENDING')
    )
  )
  execute function ratchet_private.refuse_transition();
create or replace trigger tasks_4_not_started_by_hand before insert on ratchet.tasks
  for each row when (new.status in ('RUNNING', 'WAITING') and coalesce(current_setting('ratchet.engine', true), '') = '')
  execute function ratchet_private.fill_change_by_hand();
create or replace trigger tasks_4_filled_when_changed_by_hand before update on ratchet.tasks
  for each row when (old.status <> new.status and coalesce(current_setting('ratchet.engine', true), '') = '')
  execute function ratchet_private.fill_change_by_hand();
