comment on type ratchet_private.planned_task is 'A task of a plan that is not written yet; its place in the plan is its position.';
