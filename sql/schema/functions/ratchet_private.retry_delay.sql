create or replace function ratchet_private.retry_delay(
  p_attempt integer, p_delay interval, p_backoff double precision, p_max_delay interval, p_jitter double precision
) returns interval
language plpgsql volatile set search_path = '' as $$
declare
  v_seconds double precision := extract(epoch from p_delay);
  v_limit double precision := extract(epoch from coalesce(p_max_delay, interval '10 years'));
begin
  -- Logarithms, because the power itself overflows at a few thousand tries.
  if v_seconds > 0 and p_backoff > 1 and ln(v_seconds) + (p_attempt - 1) * ln(p_backoff) >= ln(greatest(v_limit, 1e-6)) then
    v_seconds := v_limit;
  else
    v_seconds := least(v_seconds * power(p_backoff, greatest(p_attempt - 1, 0)), v_limit);
  end if;
  return make_interval(secs => v_seconds * (1 + p_jitter * (2 * random() - 1)));
end
$$;
comment on function ratchet_private.retry_delay(integer, interval, double precision, interval, double precision) is 'The wait after the given counted try: delay * backoff^(attempt - 1), at most max_delay, then up to jitter (a share) more or less.';
