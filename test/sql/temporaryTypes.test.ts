import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { useSql } from "./fixtures.ts";

const sql = useSql();
/** Roles belong to the whole server, and test files run side by side. */
const role = `ratchet_test_mallory_${process.pid}`;

beforeAll(async () => {
  await sql.rows(`create role ${role} login password 'pw'`);
  await sql.rows(`grant usage on schema ratchet to ${role}`);
  await sql.rows(`grant execute on function ratchet.add_job to ${role}`);
  await sql.rows(`select ratchet.allow_login($1, 'default')`, [role]);
});

afterAll(async () => {
  await sql.rows(`drop owned by ${role}`);
  await sql.rows(`drop role ${role}`);
});

test("a login's own temporary types are not what Ratchet's functions mean by text and jsonb", async () => {
  const url = new URL(sql.url());
  url.username = role;
  url.password = "pw";
  const mallory = new pg.Client({ connectionString: url.href });
  await mallory.connect();
  try {
    // With search_path = '' these come before pg_catalog's, and their check ran as the owner of the function that met them.
    await mallory.query(`create function pg_temp.steal(anyelement) returns boolean language plpgsql as $$
      begin raise exception 'it runs as %', current_user; end $$`);
    for (const type of ["text", "jsonb", "timestamptz", "json", "jsonpath"]) {
      await mallory.query(`create domain pg_temp.${type} as pg_catalog.${type} check (pg_temp.steal(value))`);
    }
    const { rows } = await mallory.query(
      named(
        "select status from ratchet.add_job('publish', pg_catalog.jsonb_build_object('images', pg_catalog.jsonb_build_array('a')))",
      ),
    );
    expect(rows).toStrictEqual([{ status: "PENDING" }]);
  } finally {
    await mallory.end();
  }
});
