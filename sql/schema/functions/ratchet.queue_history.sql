create or replace function ratchet.queue_history(minutes integer default 60, buckets integer default 60, tenant text default null)
returns setof ratchet.queue_history_bucket
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  c_longest_minutes constant integer := 1440;
  c_most_buckets constant integer := 300;
  v_minutes constant integer := queue_history.minutes;
  v_buckets constant integer := queue_history.buckets;
  v_tenant constant text := queue_history.tenant;
  v_width interval;
  v_from timestamptz;
begin
  if v_minutes is null or v_minutes not between 1 and c_longest_minutes then
    raise exception using
      errcode = 'RT006', message = format('minutes must be from 1 to %s and is %s.', c_longest_minutes, coalesce(v_minutes::text, 'null')),
      hint = 'Ends are counted within so many minutes up to now; every one is read.';
  end if;
  if v_buckets is null or v_buckets not between 1 and c_most_buckets then
    raise exception using
      errcode = 'RT006', message = format('buckets must be from 1 to %s and is %s.', c_most_buckets, coalesce(v_buckets::text, 'null')),
      hint = 'The minutes are split into so many buckets of equal length.';
  end if;
  v_width := make_interval(secs => v_minutes * 60.0 / v_buckets);
  -- Buckets stand still while time goes on, so that a chart that is drawn anew does not flicker; the last one is going on.
  v_from := date_bin(v_width, ratchet_private.clock_now(), '2000-01-01Z') - v_width * (v_buckets - 1);
  return query
    with ended as (
      select date_bin(v_width, e.finished_at, v_from) as started_at,
        count(*) filter (where e.status = 'COMPLETED')::integer as completed, count(*) filter (where e.status = 'FAILED')::integer as failed,
        count(*) filter (where e.status = 'CANCELLED')::integer as cancelled
      from (select distinct d.identifier from ratchet.definitions d) k
      -- Offset 0 keeps it one look into the index of finished jobs an identifier.
      cross join lateral (
        select j.status, j.finished_at from ratchet.jobs j
        where j.identifier = k.identifier and j.finished_at is not null and j.finished_at >= v_from
          and (v_tenant is null or j.tenant = v_tenant) offset 0
      ) e
      group by 1
    )
    select v_from + v_width * b.bucket, coalesce(e.completed, 0), coalesce(e.failed, 0), coalesce(e.cancelled, 0)
    from generate_series(0, v_buckets - 1) b (bucket) left join ended e on e.started_at = v_from + v_width * b.bucket
    order by b.bucket;
end
$$;
revoke all on function ratchet.queue_history(integer, integer, text) from public;
comment on function ratchet.queue_history(integer, integer, text) is 'How many jobs of registered definitions ended when, of one tenant or of all: so many minutes up to now (1 to 1440) in so many buckets of equal length (1 to 300), oldest first, one row each. Buckets begin at whole multiples of their length; the last one is going on.';
