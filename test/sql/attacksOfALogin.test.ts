import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { addJob, errorOf, useSql } from "./fixtures.ts";

const sql = useSql();
/** An operator of tenant A. Roles belong to the whole server, and test files run side by side. */
const role = `ratchet_test_attacker_${process.pid}`;
let attacker: pg.Client;
let foreignId: string;

const MADE_UP = `jsonb_populate_record(null::ratchet.jobs, jsonb_build_object('id', $1::bigint, 'tenant', 'A', 'identifier', 'single'))`;

beforeAll(async () => {
  await sql.rows(`create role ${role} login password 'pw'`);
  await sql.rows(`grant ratchet_operator to ${role}`);
  await sql.rows("select ratchet.allow_login($1, 'A')", [role]);
  ({ id: foreignId } = await addJob(sql.pool(), {
    identifier: "single",
    payload: { secret: 1 },
    tenant: "B",
    job_key: "theirs",
  }));
  const url = new URL(sql.url());
  url.username = role;
  url.password = "pw";
  attacker = new pg.Client({ connectionString: url.href });
  await attacker.connect();
});

afterAll(async () => {
  await attacker.end();
  await sql.rows(`drop owned by ${role}`);
  await sql.rows(`drop role ${role}`);
});

/** What a statement says, given the id of a job of tenant B where it has a place for one. */
async function tell(statement: string): Promise<unknown> {
  const text = named(statement);
  const { rows } = await attacker.query<Record<string, unknown>>(text, text.includes("$1") ? [foreignId] : []);
  return rows.map((row) => Object.values(row)[0]);
}

test.each<[string, unknown]>([
  ["select count(*) from ratchet.jobs where tenant = 'B'", ["0"]],
  ["select id from ratchet.jobs tablesample system (100) where tenant = 'B'", []],
  ["select ctid from ratchet.tasks where job_id = $1", []],
  [`select ratchet.jobs_payload(${MADE_UP})`, [null]],
  [`select ratchet.jobs_task_count(${MADE_UP})`, [0]],
  [`select (ratchet.jobs_current_task(${MADE_UP})).key`, [null]],
  ["select ratchet_private.recent_jobs('single', 'B')", [[]]],
  ["select ratchet_private.recent_jobs('single', null)", [[]]],
  ["select matched from ratchet.cancel_jobs(tenant => 'B')", [0]],
  ["select matched from ratchet.retry_jobs(ids => array[$1::bigint], dry_run => true)", [0]],
  ["select sum(waiting) from ratchet.queue_stats(60, 'B')", ["0"]],
  ["select most_common_vals from pg_stats where tablename = 'jobs' and schemaname = 'ratchet'", []],
  ["select last_value from pg_sequences where sequencename = 'jobs_id_seq'", [null]],
])("%s tells nothing of another tenant", async (statement, answer) => {
  for (const setting of ["ratchet.tenant = 'B'", "ratchet.subject = 'boss'", "ratchet.engine = 'retry'"]) {
    await attacker.query(named(`set ${setting}`));
  }
  expect(await tell(statement)).toStrictEqual(answer);
});

test.each<[string, string]>([
  ["set row_security = off; select count(*) from ratchet.jobs", "42501"],
  ["set role ratchet_admin", "42501"],
  ["set session authorization postgres", "42501"],
  ["select ratchet_private.caller_tenants()", "42501"],
  ["select ratchet_private.lock_for_order(1, true)", "42501"],
  ["select ratchet.add_job('single', tenant => 'B')", "RT026"],
  [`select ratchet.add_jobs('[{"identifier": "single", "tenant": ["A"]}]')`, "RT026"],
  [`select ratchet.add_jobs('[{"identifier": "single", "tenant": "A", "tenant": "B"}]')`, "RT026"],
  ["insert into ratchet_private.login_tenants values (session_user, 'B')", "42501"],
  ["select ratchet.allow_login(session_user::text, 'B')", "42501"],
  ["select nextval('ratchet.jobs_id_seq')", "42501"],
  ["select graphile_worker.add_job('single')", "42501"],
  ["select ratchet.prune_jobs()", "42501"],
  ["select ratchet.scrub_job(1)", "42501"],
  ["alter table ratchet.jobs disable row level security", "42501"],
  ["create function ratchet.own() returns integer language sql as 'select 1'", "42501"],
  ["update ratchet_private.clock set shift = '1 day'", "42501"],
])("%s is refused", async (statement, code) => {
  expect(await errorOf(attacker.query(named(statement)))).toMatchObject({ code });
  await attacker.query("reset row_security");
});

test("a function that leaks what it sees sees no row of another tenant, however cheap it says it is", async () => {
  const seen: string[] = [];
  attacker.on("notice", ({ message = "" }) => {
    seen.push(message);
  });
  await attacker.query(`create function pg_temp.leak(value text) returns boolean language plpgsql cost 0.0000001 as $$
    begin raise notice 'saw %', value; return true; end $$`);
  await attacker.query(named("select from ratchet.jobs where pg_temp.leak(tenant || job_key) and tenant = 'B'"));
  expect(seen).toStrictEqual([]);
});

test("an order by a login is in the audit under its name, whatever subject it claims", async () => {
  const { id } = await addJob(sql.pool(), { identifier: "single", tenant: "A" });
  await attacker.query(named("set ratchet.subject = 'boss'"));
  await attacker.query(named("select ratchet.cancel_job($1)"), [id]);
  expect(await sql.value("select actor from ratchet.audit where job_id = $1", [id])).toBe(role);
});
