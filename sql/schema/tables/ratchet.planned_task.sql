comment on type ratchet.planned_task is 'A task of a plan that nobody has queued yet.';
comment on column ratchet.planned_task.position is 'Its place in the plan, from 1.';
comment on column ratchet.planned_task.key is 'Its stable name: the key of its template, with [n] for one of many.';
comment on column ratchet.planned_task.name is 'What people read, from the title of its template.';
comment on column ratchet.planned_task.template is 'Key of its template, which finds the handler.';
