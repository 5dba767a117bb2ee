import { expect, test } from "vitest";

import {
  addPublish,
  claim,
  errorOf,
  pidOf,
  readJob,
  readWakeUps,
  untilBlocked,
  useSql,
  withTwoSessions,
} from "./fixtures.ts";
import { addFailed, auditOf, cancel, expectNoViolations, retry } from "./orders.ts";

const sql = useSql();

test("a retry during a claim of the job's next try is refused; a claim during a retry passes it over", async () => {
  const { id, worker } = await addFailed(sql, { canRetry: true });
  await sql.rows("update ratchet.jobs set next_attempt_at = now() - interval '1 s' where id = $1", [id]);
  await withTwoSessions(sql, async (engine, operator) => {
    await engine.query("begin");
    expect(await claim(engine, worker, [id])).toMatchObject([{ outcome: "claimed" }]);
    const pid = await pidOf(operator);
    const refused = errorOf(retry(operator, id));
    await untilBlocked(sql, pid);
    await engine.query("commit");
    expect(await refused).toMatchObject({
      code: "RT017",
      message: `Job ${id} is RUNNING and cannot be tried again.`,
    });
  });
  const other = await addFailed(sql);
  await withTwoSessions(sql, async (operator, engine) => {
    await operator.query("begin");
    await retry(operator, other.id);
    expect(await claim(engine, other.worker, [other.id])).toMatchObject([{ outcome: "locked" }]);
    await operator.query("commit");
    expect(await claim(engine, other.worker, [other.id])).toMatchObject([{ outcome: "claimed" }]);
  });
  await expectNoViolations(sql);
});

test("a sweep during a retry leaves one wake-up", async () => {
  const { id } = await addFailed(sql);
  await withTwoSessions(sql, async (operator, sweeper) => {
    await operator.query("begin");
    await retry(operator, id);
    await sweeper.query("select ratchet_private.sweep_jobs(0, 1000)");
    await operator.query("commit");
    await sweeper.query("select ratchet_private.sweep_jobs(0, 1000)");
  });
  expect(await readWakeUps(sql, id)).toHaveLength(1);
  await expectNoViolations(sql);
});

test("two retries at once: the second finds the job under way", async () => {
  const { id } = await addFailed(sql);
  await withTwoSessions(sql, async (one, two) => {
    await one.query("begin");
    await retry(one, id);
    const pid = await pidOf(two);
    const refused = errorOf(retry(two, id));
    await untilBlocked(sql, pid);
    await one.query("commit");
    expect(await refused).toMatchObject({ code: "RT017" });
  });
  expect(await auditOf(sql, id)).toHaveLength(1);
});

test("a retry and a new job that want one key: one of them gets it", async () => {
  const [first, second] = [
    await addPublish(sql, [], { job_key: "one" }),
    await addPublish(sql, [], { job_key: "two" }),
  ];
  await cancel(sql.pool(), first.id);
  await cancel(sql.pool(), second.id);
  await withTwoSessions(sql, async (one, two) => {
    await one.query("begin");
    await one.query("select ratchet.add_job('publish', '{\"images\": []}', job_key => 'one')");
    const pid = await pidOf(two);
    const refused = errorOf(retry(two, first.id));
    await untilBlocked(sql, pid);
    await one.query("commit");
    expect(await refused).toMatchObject({ code: "RT019" });

    await one.query("begin");
    await retry(one, second.id);
    const added = two.query<{ id: string }>(
      "select id from ratchet.add_job('publish', '{\"images\": []}', job_key => 'two')",
    );
    await untilBlocked(sql, pid);
    await one.query("commit");
    const [next] = (await added).rows;
    // By the rules of job keys: an order has been given about the old one, so it does not become the new one.
    expect(await readJob(sql, second.id)).toMatchObject({
      status: "CANCELLED",
      cancel_reason: `replaced by job ${next?.id}`,
    });
  });
  await expectNoViolations(sql);
});

test("a retry takes a job's tasks before the job, as somebody does who changes one of them by hand", async () => {
  const { id } = await addPublish(sql);
  await cancel(sql.pool(), id);
  await withTwoSessions(sql, async (hand, operator) => {
    await hand.query("begin");
    await hand.query("select from ratchet.tasks where job_id = $1 and position = 4 for update", [id]);
    const pid = await pidOf(operator);
    const refused = errorOf(retry(operator, id));
    await untilBlocked(sql, pid);
    // Would end in a deadlock if the retry had the job's row by now.
    await hand.query("update ratchet.tasks set status = 'PENDING' where job_id = $1 and position = 4", [id]);
    await hand.query("commit");
    expect((await refused).code).toBe("RT017");
  });
  await expectNoViolations(sql);
});
