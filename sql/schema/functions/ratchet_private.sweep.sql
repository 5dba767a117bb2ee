create or replace function ratchet_private.sweep(p_chunk integer default 5000, p_at_once boolean default false)
returns table (woken bigint[], settled bigint[])
language plpgsql volatile set search_path = pg_catalog, pg_temp
-- What somebody else holds is left for the next round.
set lock_timeout = '20ms' set jit = off set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  v_began timestamptz := clock_timestamp();
  v_progress ratchet_private.sweep_progress;
  v_mended record;
begin
  woken := '{}';
  settled := '{}';
  -- One sweep for all workers: whoever comes while it is not time yet, or another is at it, has nothing to do. A time far ahead
  -- was noted before the clock was set back.
  select * into v_progress from ratchet_private.sweep_progress p
    where p_at_once or p.next_slice_at not between v_began and v_began + interval '10 seconds' for update skip locked;
  if not found then
    return next;
    return;
  end if;
  if v_progress.after = 0 then
    v_progress.round_began_at := v_began;
  end if;

  loop
    v_mended := ratchet_private.sweep_jobs(v_progress.after, p_chunk);
    v_progress.after := v_mended.next_after;
    woken := woken || v_mended.woken;
    settled := settled || v_mended.settled;
    exit when v_progress.after = 0 or clock_timestamp() > v_began + interval '200 milliseconds';
  end loop;
  v_progress.wake_ups_after := ratchet_private.sweep_wake_ups(v_progress.wake_ups_after, p_chunk);

  update ratchet_private.sweep_progress p set
    after = v_progress.after, wake_ups_after = v_progress.wake_ups_after, round_began_at = v_progress.round_began_at,
    -- A round every five seconds, and never more than a quarter of the time.
    next_slice_at = greatest(
      v_began + least(4 * (clock_timestamp() - v_began), interval '5 seconds'),
      case when v_progress.after = 0 then v_progress.round_began_at + interval '5 seconds' end);
  return next;
end
$$;
comment on function ratchet_private.sweep(integer, boolean) is 'The net, for all workers together: if it is time, looks at the next unfinished jobs for 200 milliseconds and sets right what it finds (sweep_jobs), and at some rows of graphile-worker''s (sweep_wake_ups). p_at_once: whether it is time or not.';
