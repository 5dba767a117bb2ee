import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { addJob } from "../../src/database/calls/jobs.ts";
import { startCommand } from "../support/command.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { waitUntil } from "../support/waiting.ts";

const INDEX = new URL("../../src/index.ts", import.meta.url).href;

let database: TestDatabase;
let project: string;

beforeAll(async () => {
  database = await createTestDatabase();
  project = await mkdtemp(join(tmpdir(), "ratchet-watch-"));
  await mkdir(join(project, "tasks"));
});

afterAll(async () => {
  await database.drop();
  await rm(project, { recursive: true });
});

/** Writes as editors do: a new file in the place of the old one. */
async function save(name: string, text: string): Promise<void> {
  await writeFile(join(project, `${name}.tmp`), text);
  await rename(join(project, `${name}.tmp`), join(project, name));
}

const task = (body: string) => `
  import { defineJob } from ${JSON.stringify(INDEX)};
  import { text } from "../text.mjs";
  export default defineJob({}).task("say", async ({ signal }) => { ${body} });`;

async function resultOf(id: string): Promise<unknown> {
  const { rows } = await database.pool.query<{ result: unknown }>(
    "select result from ratchet.tasks where job_id = $1 and status = 'COMPLETED'",
    [id],
  );
  return rows[0]?.result;
}

const say = () => addJob(database.pool, { identifier: "say", payload: {} });

test("ratchet worker --watch restarts for a changed task file and for what it imports, and outlives a broken one", async () => {
  await save("text.mjs", 'export const text = "one";');
  await save("tasks/say.mjs", task("return text;"));
  const watching = startCommand(["worker", "--watch"], {
    DATABASE_URL: database.url,
    RATCHET_TASKS: join(project, "tasks"),
  });
  const starts = () => watching.output().match(/"worker started"/gv)?.length ?? 0;
  const started = (times: number) =>
    waitUntil(() => starts() >= times, { what: () => `${times} starts in:\n${watching.output()}` });
  const told = (text: string) =>
    waitUntil(() => watching.errors().includes(text), { what: () => `${text} in:\n${watching.errors()}` });

  await started(1);
  const first = await say();
  await waitUntil(async () => (await resultOf(first)) === "one");

  await save("text.mjs", 'export const text = "two";');
  await told("text.mjs has changed: the worker is restarted.");
  await started(2);
  const second = await say();
  await waitUntil(async () => (await resultOf(second)) === "two");

  await save("tasks/say.mjs", task("return text").replace(");", ""));
  await told("RT111");
  await told("The worker has ended with status 3. It starts again when a file changes; Ctrl-C ends this.");

  await save("tasks/say.mjs", task('return text + " again";'));
  await told("say.mjs has changed: the worker starts again.");
  await started(3);
  const third = await say();
  await waitUntil(async () => (await resultOf(third)) === "two again");

  // A plan that was tried and taken back: jobs are planned by what the file says now, not by what was registered last.
  await save("tasks/say.mjs", task("return text;").replace(/;\s*$/v, '.task("more", () => null);'));
  await started(4);
  await save("tasks/say.mjs", task("return text;"));
  await started(5);
  await waitUntil(async () => {
    const { rows } = await database.pool.query<{ tasks: number }>(
      "select jsonb_array_length(templates) as tasks from ratchet.definitions order by current_since desc limit 1",
    );
    return rows[0]?.tasks === 1;
  });
  const fourth = await say();
  await waitUntil(async () => (await resultOf(fourth)) === "two");

  const { rows } = await database.pool.query<{ alive: string }>(
    "select count(*) as alive from ratchet.workers where stopped_at is null",
  );
  expect(rows).toStrictEqual([{ alive: "1" }]);
  watching.child.kill("SIGINT");
  expect(await watching.ended).toBe(0);
  const left = await database.pool.query("select from ratchet.workers where stopped_at is null");
  expect(left.rowCount).toBe(0);
});

test("the worker ends when the process that watches is killed", async () => {
  const watching = startCommand(["worker", "--watch"], {
    DATABASE_URL: database.url,
    RATCHET_TASKS: join(project, "tasks"),
  });
  await watching.printed("worker started");
  watching.child.kill("SIGKILL");
  await waitUntil(async () => {
    const { rowCount } = await database.pool.query("select from ratchet.workers where stopped_at is null");
    return rowCount === 0;
  });
  expect(watching.errors()).toBe("");
});
