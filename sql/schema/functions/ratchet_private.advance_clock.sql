create or replace function ratchet_private.advance_clock(p_by interval) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
begin
  update ratchet_private.clock set shift = shift + p_by;
  perform ratchet_private.add_wake_ups(array(
    select id from ratchet.jobs
    where finished_at is null and version is not null and worker_id is null
      and coalesce(next_attempt_at, run_at) > clock_timestamp()
    order by id
  ));
  return ratchet_private.clock_now();
end
$$;
comment on function ratchet_private.advance_clock(interval) is 'For tests: moves Ratchet''s clock and brings the wake-ups of waiting jobs along, because graphile-worker goes by the real clock.';
