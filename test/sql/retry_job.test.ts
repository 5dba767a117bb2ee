import { expect, test } from "vitest";
import { addPublish, addWorker, claimOne, completeTasks, readWakeUps, runJob, statuses, useSql } from "./fixtures.ts";
import { auditOf, cancel, expectNoViolations, fail, prune, retry, scrub } from "./orders.ts";

const sql = useSql();

test("smoke", async () => {
  const worker = await addWorker(sql);
  const { id } = await addPublish(sql);
  const { fence } = await claimOne(sql, worker, id);
  await completeTasks(sql, worker, { job: id, fence, from: 1, to: 2 });
  await fail(sql, worker, { job: id, position: 3, fence });
  expect(await retry(sql.pool(), id)).toMatchObject({ status: "RUNNING" });
  expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "COMPLETED", "PENDING", "PENDING", "PENDING"]);
  expect(await readWakeUps(sql, id)).toHaveLength(1);
  await cancel(sql.pool(), id);
  await retry(sql.pool(), id, { fromTask: "upload[1]" });
  expect(await statuses(sql, id)).toStrictEqual(["COMPLETED", "PENDING", "PENDING", "PENDING", "PENDING"]);
  await cancel(sql.pool(), id);
  await scrub(sql.pool(), id);
  console.log(await auditOf(sql, id), await sql.value("select ratchet.explain_job($1)", [id]));
  await expectNoViolations(sql);
  expect(await prune(sql.pool())).toBe(0);
  await sql.rows("select ratchet_private.advance_clock('91 days')");
  expect(await sql.rows("select * from ratchet_private.prunable_jobs()")).toHaveLength(1);
  expect(await prune(sql.pool())).toBe(1);
});
