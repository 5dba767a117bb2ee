import { expect, test } from "vitest";

import { addPublish, errorOf, pidOf, untilBlocked, useSql, withTwoSessions } from "./fixtures.ts";

const sql = useSql();

test("locks the task that is the first unfinished one after the wait, not the one before it", async () => {
  const job = await addPublish(sql, []);
  await withTwoSessions(sql, async (hand, order) => {
    await hand.query("begin");
    await hand.query("update ratchet.tasks set status = 'COMPLETED' where job_id = $1 and position = 1", [job.id]);
    const pid = await pidOf(order);
    await order.query("begin");
    const locked = order.query("select (ratchet_private.lock_job($1)).id", [job.id]);
    await untilBlocked(sql, pid);
    await hand.query("commit");
    expect((await locked).rows).toStrictEqual([{ id: job.id }]);
    const second = hand.query("select from ratchet.tasks where job_id = $1 and position = 2 for update nowait", [
      job.id,
    ]);
    expect((await errorOf(second)).code).toBe("55P03");
    await order.query("commit");
  });
});

test("of a job that does not exist is null", async () => {
  expect(await sql.value("select (ratchet_private.lock_job(987654321)).id")).toBeNull();
});
