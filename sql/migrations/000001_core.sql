create schema if not exists ratchet;
create schema if not exists ratchet_private;

create type ratchet.task_status as enum (
  'PENDING', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'SKIPPED', 'CANCELLED'
);
create type ratchet.job_status as enum (
  'PENDING', 'RUNNING', 'WAITING', 'COMPLETED', 'FAILED', 'CANCELLED'
);

-- What add_jobs works on between reading its arguments and writing rows.
create type ratchet_private.planned_task as (key text, template text, name text, input jsonb);
create type ratchet_private.current_definition as (identifier text, version text, templates jsonb, plan ratchet_private.planned_task[]);
create type ratchet_private.job_spec as (
  identifier text, version text, payload jsonb, run_at timestamptz, max_attempts integer, retry_delay interval,
  priority smallint, queue_name text, job_key text, job_key_mode text, tenant text, plan ratchet_private.planned_task[]
);
-- Which jobs an order about many means.
create type ratchet_private.job_filter as (
  ids bigint[], identifier text, status ratchet.job_status[], is_final boolean, tenant text,
  created_after timestamptz, created_before timestamptz, finished_after timestamptz, finished_before timestamptz, search text
);

create type ratchet.orders_refusal as (code text, jobs integer, first_job_id bigint, message text, hint text);
create type ratchet.orders_outcome as (
  matched integer, done integer, refused integer, refusals ratchet.orders_refusal[], next_after bigint
);
create type ratchet.queue_stat as (
  identifier text, scheduled integer, waiting integer, running integer, will_retry integer, without_worker integer,
  oldest_wait_seconds double precision, completed integer, failed_for_good integer, cancelled integer, ends_per_minute double precision
);
create type ratchet.queue_history_bucket as (started_at timestamptz, completed integer, failed_for_good integer, cancelled integer);
create type ratchet.planned_task as (position integer, key text, name text, template text);

-- What claim_jobs answers about a job.
create type ratchet_private.claim as (
  job_id bigint, outcome text, fence integer, identifier text, version text, tenant text,
  first_position integer, payload jsonb, plan json, max_attempts integer, created_at_ms double precision, holder integer,
  is_suspect boolean, timeout_at timestamptz, timeout_in_ms double precision
);

-- One row: the settable clock. Private and not a setting, because any client can write a setting.
create table ratchet_private.clock (
  is_only_row boolean primary key default true,
  shift interval not null default '0',
  constraint clock_has_one_row check (is_only_row)
);
insert into ratchet_private.clock default values;

-- One row.
create table ratchet_private.sweep_progress (
  is_only_row boolean primary key default true,
  after bigint not null default 0,
  wake_ups_after bigint not null default 0,
  round_began_at timestamptz not null default '-infinity',
  next_slice_at timestamptz not null default '-infinity',
  constraint sweep_progress_has_one_row check (is_only_row)
) with (fillfactor = 50);
insert into ratchet_private.sweep_progress default values;

-- Private, because whoever could write here could read everything.
create table ratchet_private.login_tenants (
  login text not null,
  tenant text not null,
  primary key (login, tenant),
  constraint login_tenants_tenant_is_1_to_128_characters check (length(tenant) between 1 and 128)
);
create table ratchet_private.server_logins (
  login text primary key
);

create table ratchet.definitions (
  identifier text not null,
  version text not null,
  templates jsonb not null,
  payload_schema jsonb,
  max_attempts integer not null default 5,
  retry_delay interval not null default '30 seconds',
  retry_backoff double precision not null default 1,
  retry_max_delay interval,
  retry_jitter double precision not null default 0,
  timeout interval,
  keep_completed interval,
  keep_failed interval,
  hide_payloads boolean not null default false,
  registered_at timestamptz not null,
  current_since timestamptz not null,
  primary key (identifier, version),
  constraint definitions_identifier_is_1_to_128_characters check (length(identifier) between 1 and 128),
  constraint definitions_templates_is_a_list check (jsonb_typeof(templates) = 'array'),
  constraint definitions_max_attempts_is_positive check (max_attempts > 0),
  constraint definitions_retry_delay_is_not_negative check (retry_delay >= interval '0'),
  constraint definitions_retry_backoff_is_at_least_1 check (retry_backoff >= 1),
  constraint definitions_retry_max_delay_is_not_negative check (retry_max_delay >= interval '0'),
  constraint definitions_retry_jitter_is_a_share check (retry_jitter between 0 and 1),
  constraint definitions_timeout_is_positive check (timeout > interval '0'),
  constraint definitions_keep_completed_is_not_negative check (keep_completed >= interval '0'),
  constraint definitions_keep_failed_is_not_negative check (keep_failed >= interval '0')
);

create table ratchet.jobs (
  id bigint generated always as identity primary key,
  identifier text not null,
  version text,
  tenant text not null default 'default',
  status ratchet.job_status not null default 'PENDING',
  fence integer not null default 0,
  worker_id integer,
  priority smallint not null default 0,
  max_attempts integer,
  retry_delay interval,
  run_at timestamptz not null,
  next_attempt_at timestamptz,
  created_at timestamptz not null,
  started_at timestamptz,
  timeout_at timestamptz,
  finished_at timestamptz,
  cancelled_at timestamptz,
  cancel_reason text,
  scrubbed_at timestamptz,
  queue_name text,
  job_key text,
  adopted_from bigint,
  payload jsonb not null,
  constraint jobs_payload_is_an_object check (jsonb_typeof(payload) = 'object' or adopted_from is not null),
  constraint jobs_finished_at_exactly_when_final check (
    (finished_at is not null) = (status in ('COMPLETED', 'CANCELLED') or (status = 'FAILED' and next_attempt_at is null))
  ),
  constraint jobs_next_attempt_only_after_failure check (next_attempt_at is null or status = 'FAILED'),
  constraint jobs_worker_only_while_running check (worker_id is null or status = 'RUNNING'),
  constraint jobs_running_has_started check (status <> 'RUNNING' or started_at is not null),
  constraint jobs_cancelled_only_by_order check (status <> 'CANCELLED' or cancelled_at is not null),
  constraint jobs_cancel_reason_only_with_order check (cancel_reason is null or cancelled_at is not null),
  constraint jobs_scrubbed_stays_finished check (scrubbed_at is null or finished_at is not null),
  constraint jobs_scrubbed_has_no_payload check (scrubbed_at is null or payload = '{}'),
  constraint jobs_max_attempts_is_positive check (max_attempts > 0),
  constraint jobs_retry_delay_is_not_negative check (retry_delay >= interval '0'),
  constraint jobs_job_key_is_not_reserved check (job_key not like 'ratchet:%'),
  constraint jobs_tenant_is_1_to_128_characters check (length(tenant) between 1 and 128)
) with (fillfactor = 50);

-- Both predicates change once in a job's life, so that claims and hand-backs stay heap-only.
create unique index jobs_job_key_unique_while_unfinished on ratchet.jobs (tenant, job_key)
  where finished_at is null and job_key is not null;
create unique index jobs_adopted_once on ratchet.jobs (adopted_from) where adopted_from is not null;
create index jobs_unfinished on ratchet.jobs (id) where finished_at is null;
-- For pruning: definitions keep their jobs for different times. Written to once, as the job ends: docs/decisions/0008-retention.md.
create index jobs_finished on ratchet.jobs (identifier, finished_at) where finished_at is not null;

create table ratchet.tasks (
  job_id bigint not null,
  position integer not null,
  status ratchet.task_status not null default 'PENDING',
  fence integer not null default 0,
  attempts integer not null default 0,
  deaths smallint not null default 0,
  stop_after boolean not null default false,
  progress real,
  started_at timestamptz,
  completed_at timestamptz,
  key text not null,
  template text not null,
  name text not null,
  error_message text,
  input jsonb,
  result jsonb,
  primary key (job_id, position),
  constraint tasks_job foreign key (job_id) references ratchet.jobs on delete cascade,
  constraint tasks_position_counts_from_1 check (position >= 1),
  constraint tasks_attempts_is_not_negative check (attempts >= 0),
  constraint tasks_deaths_is_not_negative check (deaths >= 0),
  constraint tasks_progress_is_a_fraction check (progress between 0 and 1),
  constraint tasks_completed_at_exactly_when_finished check (
    (completed_at is not null) = (status in ('COMPLETED', 'SKIPPED'))
  ),
  constraint tasks_error_exactly_when_failed check ((error_message is not null) = (status = 'FAILED')),
  constraint tasks_result_only_when_completed check (result is null or status = 'COMPLETED'),
  constraint tasks_running_has_started check (status <> 'RUNNING' or started_at is not null),
  constraint tasks_pending_has_not_started check (status <> 'PENDING' or started_at is null)
) with (fillfactor = 50);

create table ratchet.task_failures (
  id bigint generated always as identity primary key,
  job_id bigint not null,
  position integer not null,
  fence integer not null,
  attempt integer not null,
  counted boolean not null,
  error_name text,
  error_message text not null,
  error_code text,
  error_stack text,
  started_at timestamptz not null,
  failed_at timestamptz not null,
  worker_id integer,
  next_attempt_at timestamptz,
  constraint task_failures_task foreign key (job_id, position) references ratchet.tasks on delete cascade,
  constraint task_failures_one_per_claim unique (job_id, position, fence)
);

create table ratchet.workers (
  id integer generated always as identity primary key,
  host text not null,
  pid integer not null,
  version text not null,
  concurrency integer not null,
  known_versions text[] not null default '{}',
  pool_ids text[] not null default '{}',
  started_at timestamptz not null,
  beat_at timestamptz not null,
  stopped_at timestamptz,
  rescued_by integer,
  constraint workers_rescued_is_stopped check (rescued_by is null or stopped_at is not null),
  constraint workers_concurrency_is_positive check (concurrency > 0)
) with (fillfactor = 50);
create index workers_not_stopped on ratchet.workers (id) where stopped_at is null;

-- No foreign key: it outlives the jobs.
create table ratchet.audit (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  job_id bigint,
  tenant text,
  reason text,
  detail jsonb not null default '{}',
  constraint audit_action_is_named check (action ~ '^[a-z_]+$'),
  constraint audit_detail_is_an_object check (jsonb_typeof(detail) = 'object')
);
create index audit_of_job on ratchet.audit (job_id);

-- The owner is not limited. Policies and rights are in ratchet_private.grant_rights.
alter table ratchet.definitions enable row level security;
alter table ratchet.jobs enable row level security;
alter table ratchet.tasks enable row level security;
alter table ratchet.task_failures enable row level security;
alter table ratchet.workers enable row level security;
alter table ratchet.audit enable row level security;
