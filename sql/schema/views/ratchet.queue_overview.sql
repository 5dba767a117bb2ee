-- For people: 100 columns wide with identifiers of 25 letters.
create or replace view ratchet.queue_overview with (security_invoker = true) as
  select
    s.identifier,
    s.running,
    s.waiting,
    coalesce(ratchet_private.describe_span(make_interval(secs => s.oldest_wait_seconds)), '') as longest,
    s.scheduled as later,
    s.will_retry,
    s.completed,
    s.failed_for_good as failed
  from ratchet.queue_stats(60) s;
comment on view ratchet.queue_overview is 'One line a definition, for people: what runs and waits now, and what has ended within the last hour. The function queue_stats has the same for programs.';
comment on column ratchet.queue_overview.identifier is 'Name of the definition.';
comment on column ratchet.queue_overview.running is 'Jobs that a worker has.';
comment on column ratchet.queue_overview.waiting is 'Jobs that are due and that no worker has.';
comment on column ratchet.queue_overview.longest is 'How long the first of those that are due has been due.';
comment on column ratchet.queue_overview.later is 'Jobs whose time has not come.';
comment on column ratchet.queue_overview.will_retry is 'FAILED jobs that are tried again.';
comment on column ratchet.queue_overview.completed is 'Jobs COMPLETED within the last hour.';
comment on column ratchet.queue_overview.failed is 'Jobs that FAILED for good within the last hour.';
