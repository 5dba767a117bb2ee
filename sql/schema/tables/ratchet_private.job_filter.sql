comment on type ratchet_private.job_filter is 'Which jobs an order about many means: what is given must hold, a null is no condition.';
