create or replace function ratchet_private.text_line(p_text text, p_width integer) returns text
language plpgsql immutable strict set search_path = pg_catalog, pg_temp as $$
declare
  -- Errors can be megabytes; the end of one is cut off in any case.
  v_line constant text := btrim(regexp_replace(left(p_text, 10 * p_width), '[\s[:cntrl:]]+', ' ', 'g'));
begin
  return case when length(v_line) > p_width then left(v_line, p_width - 1) || '…' else v_line end;
end
$$;
comment on function ratchet_private.text_line(text, integer) is 'The beginning of a text on one line of so many characters.';
