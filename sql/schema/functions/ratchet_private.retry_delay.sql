create or replace function ratchet_private.retry_delay(
  p_attempt integer, p_delay interval, p_backoff double precision, p_max_delay interval, p_jitter double precision
) returns interval
language plpgsql volatile set search_path = pg_catalog, pg_temp as $$
declare
  c_longest constant double precision := extract(epoch from interval '10 years');
  v_seconds double precision := least(extract(epoch from p_delay), c_longest);
  v_limit double precision := least(extract(epoch from p_max_delay), c_longest);
begin
  -- Logarithms, because the power itself overflows at a few thousand tries.
  v_seconds := case
    when v_seconds <= 0 or v_limit <= 0 then 0
    when ln(v_seconds) + greatest(p_attempt - 1, 0) * ln(p_backoff) >= ln(v_limit) then v_limit
    else v_seconds * power(p_backoff, greatest(p_attempt - 1, 0)) end;
  return make_interval(secs => v_seconds * (1 + p_jitter * (2 * random() - 1)));
end
$$;
comment on function ratchet_private.retry_delay(integer, interval, double precision, interval, double precision) is 'The wait after the given counted try: delay * backoff^(attempt - 1), at most max_delay (10 years if null), then up to jitter (a share) more or less.';
