import { expect, test } from "vitest";

import { addJob, addSingle, useSql, withSession } from "./fixtures.ts";

const sql = useSql();

test("finds the unfinished job with a key of the tenant, and none that has finished", async () => {
  const { id } = await addSingle(sql, { job_key: "found" });
  const find = (tenant: string, key: string): Promise<string | null> =>
    sql.value("select ratchet_private.job_with_key($1, $2)", [tenant, key]);
  expect(await find("default", "found")).toBe(id);
  expect(await find("other", "found")).toBeNull();
  expect(await find("default", "FOUND")).toBeNull();
  expect(await find("default", "foun")).toBeNull();
  await sql.rows("update ratchet.tasks set status = 'SKIPPED' where job_id = $1", [id]);
  expect(await find("default", "found")).toBeNull();
});

test("adding with a key reads few jobs, in a session that planned it when there were none", async () => {
  await withSession(sql, async (session) => {
    await addJob(session, { identifier: "single", job_key: "planned early" });
    await sql.rows(
      `select from ratchet.add_jobs((
         select jsonb_agg(jsonb_build_object('identifier', 'single', 'job_key', 'many ' || n)) from generate_series(1, 1000) n))`,
    );
    await session.query("begin");
    await addJob(session, { identifier: "single", job_key: "planned early", payload: { again: true } });
    const { rows } = await session.query<{ fetched: number }>(
      "select pg_stat_get_xact_tuples_fetched('ratchet.jobs'::regclass)::int as fetched",
    );
    expect(rows[0]?.fetched).toBeLessThan(50);
  });
});
