comment on table ratchet.audit is 'Orders that people gave about jobs: who, when, what and why. Written in the same commit as the change; kept when the job is pruned.';
comment on column ratchet.audit.id is 'Number of the order.';
comment on column ratchet.audit.at is 'When it was given.';
comment on column ratchet.audit.actor is 'Who gave it: the subject of the token that a server had verified, else the login of Postgres.';
comment on column ratchet.audit.action is 'What was ordered: cancel, retry, retry_from_task, skip_task, complete_task, reschedule or scrub.';
comment on column ratchet.audit.job_id is 'The job it was about, which may be gone by now.';
comment on column ratchet.audit.tenant is 'Whom that job belonged to.';
comment on column ratchet.audit.reason is 'Why, as it was said with the order.';
comment on column ratchet.audit.detail is 'What the order met and did: the job''s status before it, for retry_from_task the task and how many COMPLETED tasks are run again, for reschedule the time and the priority, each with that of before; with the login if a token''s subject is the actor.';
