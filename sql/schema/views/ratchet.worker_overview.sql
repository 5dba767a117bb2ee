-- For people: 100 columns wide.
create or replace view ratchet.worker_overview with (security_invoker = true) as
  select
    w.id,
    ratchet_private.text_line(w.host, 30) as host,
    w.pid,
    w.version,
    format('%s of %s', coalesce(r.jobs, 0), w.concurrency) as runs,
    ratchet_private.describe_span(c.now - w.beat_at) || ' ago' as last_sign,
    ratchet_private.describe_span(c.now - w.started_at) as up
  from ratchet.workers w
  cross join (select ratchet_private.clock_now() as now) c
  left join (
    select j.worker_id, count(*) as jobs from ratchet.jobs j where j.finished_at is null and j.worker_id is not null group by j.worker_id
  ) r on r.worker_id = w.id
  where w.stopped_at is null;
comment on view ratchet.worker_overview is 'One line a worker that has not stopped, for people. The table workers has the others too.';
comment on column ratchet.worker_overview.id is 'Number of the worker.';
comment on column ratchet.worker_overview.host is 'The machine it runs on.';
comment on column ratchet.worker_overview.pid is 'Its process there.';
comment on column ratchet.worker_overview.version is 'The version of Ratchet it runs.';
comment on column ratchet.worker_overview.runs is 'Jobs it has now, of how many at once.';
comment on column ratchet.worker_overview.last_sign is 'When it was last heard of; dead if that is more than some seconds ago.';
comment on column ratchet.worker_overview.up is 'How long ago it started.';
