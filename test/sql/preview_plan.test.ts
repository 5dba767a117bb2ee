import { expect, test } from "vitest";

import { addJob, errorOf, publish, register, single, useSql } from "./fixtures.ts";

const sql = useSql();

const preview = (identifier: string, payload: unknown, taskNames: string[] | null = null): Promise<unknown[]> =>
  sql.rows("select * from ratchet.preview_plan($1, $2::jsonb, $3)", [identifier, JSON.stringify(payload), taskNames]);

const readCounts = (): Promise<unknown[]> =>
  sql.rows(
    `select (select count(*) from ratchet.jobs) as jobs, (select count(*) from ratchet.tasks) as tasks,
       (select count(*) from graphile_worker.jobs) as "wakeUps"`,
  );

test.each([null, ["create", "upload[2]"], ["upload"]])(
  "the plan is the one that add_job makes, and nothing is written: %j",
  async (names) => {
    await register(sql, [publish(), single()]);
    const payload = { title: "x", images: ["a.jpg", "b.jpg", "c.jpg"] };
    const before = await readCounts();
    const plan = await preview("publish", payload, names);
    expect(await readCounts()).toStrictEqual(before);
    const { id } = await addJob(sql.pool(), { identifier: "publish", payload, task_names: names });
    expect(plan).toStrictEqual(
      await sql.rows("select position, key, name, template from ratchet.tasks where job_id = $1 order by 1", [id]),
    );
  },
);

test.each([
  ["nobody", {}, null],
  ["publish", { images: "x" }, null],
  ["publish", [], null],
  ["publish", { images: [] }, ["upload[1]"]],
  ["publish", { images: Array.from({ length: 10_001 }, () => "a") }, null],
])("the error is the one of add_job: %s", async (identifier, payload, names) => {
  await register(sql, [publish()]);
  const expected = await errorOf(addJob(sql.pool(), { identifier, payload, task_names: names }));
  expect(expected.code).toMatch(/^RT/v);
  const { code, message, detail, hint } = await errorOf(preview(identifier, payload, names));
  expect({ code, message, detail, hint }).toStrictEqual({
    code: expected.code,
    message: expected.message,
    detail: expected.detail,
    hint: expected.hint,
  });
});

test("it runs in a read-only transaction, as on a replica", async () => {
  await register(sql, [single()]);
  const client = await sql.pool().connect();
  try {
    await client.query("begin read only");
    expect((await client.query("select * from ratchet.preview_plan('single')")).rowCount).toBe(1);
  } finally {
    await client.query("rollback");
    client.release();
  }
});
