comment on type ratchet_private.current_definition is 'The version of a definition that add_jobs uses now, with its plan if that is the same for every payload.';
