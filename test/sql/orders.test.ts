import type pg from "pg";
import { expect, test } from "vitest";

import { addPublish, addSingle, errorOf, useSql, withSession } from "./fixtures.ts";
import { cancel, complete, orderMany, prune, reschedule, retry, scrub, skip } from "./orders.ts";

const sql = useSql();

test("a role with no right but to call them may give orders, under the name it logged in with", async () => {
  const { id } = await addPublish(sql, []);
  await withSession(sql, async (session) => {
    await session.query(
      `begin; create role ratchet_test_operator login;
       grant usage on schema ratchet to ratchet_test_operator;
       grant execute on function ratchet.cancel_job, ratchet.retry_job, ratchet.scrub_job, ratchet.prune_jobs,
         ratchet.skip_task, ratchet.complete_task, ratchet.reschedule_job, ratchet.cancel_jobs, ratchet.retry_jobs
         to ratchet_test_operator;
       select ratchet.allow_login('ratchet_test_operator', 'default');
       set local session authorization ratchet_test_operator`,
    );
    expect(await cancel(session, id, "sold")).toMatchObject({ status: "CANCELLED" });
    expect(await retry(session, id)).toMatchObject({ status: "PENDING" });
    expect(await skip(session, id, "create", "not needed")).toMatchObject({ status: "PENDING" });
    expect(await complete(session, id, "validate")).toMatchObject({ status: "COMPLETED" });
    expect(await retry(session, id, { fromTask: "validate" })).toMatchObject({ status: "PENDING" });
    expect(await reschedule(session, id, { runAt: "2099-01-01Z" })).toMatchObject({ status: "PENDING" });
    expect(await orderMany(session, "cancel_jobs", { ids: [id] })).toMatchObject({ done: 1 });
    expect(await orderMany(session, "retry_jobs", { ids: [id] })).toMatchObject({ done: 1 });
    await cancel(session, id);
    expect(await scrub(session, id)).toMatchObject({ payload: {} });
    expect(await prune(session)).toBe(0);
    await session.query("savepoint before");
    expect(await errorOf(session.query("select from ratchet.audit"))).toMatchObject({ code: "42501" });
    await session.query("rollback to before; reset session authorization");
    const { rows } = await session.query(
      "select actor, action, reason from ratchet.audit where job_id = $1 order by id",
      [id],
    );
    expect(rows).toStrictEqual([
      { actor: "ratchet_test_operator", action: "cancel", reason: "sold" },
      { actor: "ratchet_test_operator", action: "retry", reason: null },
      { actor: "ratchet_test_operator", action: "skip_task", reason: "not needed" },
      { actor: "ratchet_test_operator", action: "complete_task", reason: null },
      { actor: "ratchet_test_operator", action: "retry_from_task", reason: null },
      { actor: "ratchet_test_operator", action: "reschedule", reason: null },
      { actor: "ratchet_test_operator", action: "cancel", reason: null },
      { actor: "ratchet_test_operator", action: "retry", reason: null },
      { actor: "ratchet_test_operator", action: "cancel", reason: null },
      { actor: "ratchet_test_operator", action: "scrub", reason: null },
    ]);
  });
});

test("an order is announced to those who listen, once it is committed", async () => {
  const { id } = await addPublish(sql, []);
  await withSession(sql, async (listener) => {
    const heard: string[] = [];
    listener.on("notification", ({ payload }) => {
      heard.push(payload ?? "");
    });
    await listener.query(
      `select set_config('ratchet_test.channel', ratchet_private.announcement_channel('default'), false)`,
    );
    await listener.query(`do $$ begin execute format('listen %I', current_setting('ratchet_test.channel')); end $$`);
    const { id: single } = await addSingle(sql);
    await listener.query("select 1");
    heard.splice(0);
    for (const [order, about] of [
      [cancel, id],
      [retry, id],
      [(db, job) => reschedule(db, job, { priority: 3 }), id],
      [(db, job) => skip(db, job, "create"), id],
      [(db, job) => complete(db, job, "only"), single],
      [cancel, id],
      [scrub, id],
    ] satisfies [(db: pg.Pool, job: string) => Promise<unknown>, string][]) {
      await order(sql.pool(), about);
      await listener.query("select 1");
      expect(heard.splice(0)).toStrictEqual([JSON.stringify({ jobs: [about] }).replaceAll(":", " : ")]);
    }
    await listener.query("unlisten *");
    listener.removeAllListeners("notification");
  });
});
