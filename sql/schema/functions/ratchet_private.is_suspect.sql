-- Why two: docs/decisions/0011-liveness.md
create or replace function ratchet_private.is_suspect(p_deaths integer) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$select p_deaths >= 2$$;
comment on function ratchet_private.is_suspect(integer) is 'Whether so many workers have died while they ran a task that it may be the reason: a worker runs at most one such at a time, and its further deaths count as tries.';
