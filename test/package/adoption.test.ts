import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { waitUntil } from "../support/waiting.ts";
import { createFolder, installInto, packPackage, versionOf, writeFiles } from "./packing.ts";
import { outputOf, type RunningProgram, startProgram } from "./programs.ts";

/** A project as a team that uses graphile-worker has it: folders, database variable and settings of its own. */
const THEIRS = {
  "package.json": '{ "name": "shop", "version": "1.0.0", "type": "module", "private": true }',
  "graphile.config.ts": `import { WorkerPreset } from "graphile-worker";

const preset: GraphileConfig.Preset = {
  extends: [WorkerPreset],
  worker: {
    connectionString: process.env["SHOP_DATABASE"],
    taskDirectory: \`\${import.meta.dirname}/lib/tasks\`,
    crontabFile: \`\${import.meta.dirname}/ops.crontab\`,
    concurrentJobs: 2,
    pollInterval: 200,
  },
};

export default preset;
`,
  "ops.crontab": '* * * * * tidy_up ?fill=3m&id=every_minute {"from":"crontab"}\n',
  "lib/ledger.js": `import { appendFileSync } from "node:fs";
export const note = (...words) => appendFileSync("ledger", words.join(" ") + "\\n");
`,
  "lib/tasks/send_email.js": `import { note } from "../ledger.js";
export default async (payload, helpers) => {
  note("email", payload.to, "attempt", helpers.job.attempts);
  if (payload.to === "nobody") throw new Error("550 no such mailbox");
  if (payload.image) await helpers.addJob("resize", { image: payload.image });
};
`,
  "lib/tasks/resize.ts": `import type { Task } from "graphile-worker";
import { note } from "../ledger.js";
const resize: Task = async (payload): Promise<void> => note("resized", (payload as { image: string }).image);
export default resize;
`,
  "lib/tasks/tidy_up.cjs": `const { writeFileSync } = require("node:fs");
module.exports = async (payload) => writeFileSync("tidied", payload.from);
`,
};

const WITH_THE_LINE = THEIRS["graphile.config.ts"]
  .replace("extends: [WorkerPreset]", "extends: [WorkerPreset, RatchetPreset]")
  .replace(/^/v, 'import { RatchetPreset } from "pg-ratchet/worker";\n');

const DEFINITION = `import { defineJob } from "pg-ratchet";
import { note } from "../ledger.js";

export default defineJob({ retry: { delay: "1 h" } })
  .task("upload", ({ payload }) => note("uploaded", payload.sku))
  .task("publish", ({ payload, task }) => {
    if (payload.sku === "shy" && task.attempt === 1) throw new Error("not today");
    note("published", payload.sku);
  });
`;

let project = "";
let database: TestDatabase;
const started: RunningProgram[] = [];

beforeAll(async () => {
  database = await createEmptyDatabase();
  project = createFolder("adopting");
  writeFiles(project, THEIRS);
  await installInto(project, `graphile-worker@${versionOf("graphile-worker")}`);
}, 120_000);

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

afterAll(async () => {
  await database.drop();
});

function place() {
  return { folder: project, settings: { SHOP_DATABASE: database.url } };
}

/** graphile-worker's own command, until nothing is left to do or, without `--once`, until {@link endOf}. */
async function workOnce(): Promise<void> {
  await outputOf(["npx", "graphile-worker", "--once"], place());
}

function startWorking(): RunningProgram {
  const worker = startProgram([join(project, "node_modules/.bin/graphile-worker")], place());
  started.push(worker);
  return worker;
}

async function endOf(worker: RunningProgram): Promise<void> {
  worker.child.kill("SIGTERM");
  await worker.ended;
}

async function queue(identifier: string, payload: object, options = ""): Promise<void> {
  await database.pool.query(`select graphile_worker.add_job($1, $2${options})`, [identifier, payload]);
}

/** Makes what is queued for the identifier due after `delay`. */
async function reschedule(identifier: string, delay: string): Promise<void> {
  await database.pool.query(
    `select graphile_worker.reschedule_jobs(array(select id from graphile_worker.jobs where task_identifier = $1), now() + $2::interval)`,
    [identifier, delay],
  );
}

function takeLedger(): string[] {
  const file = join(project, "ledger");
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  rmSync(file, { force: true });
  return lines.toSorted();
}

/** What is queued, without our wake-ups and what the crontab adds. */
async function theirQueue(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select id, task_identifier, run_at, attempts, max_attempts, last_error, key, locked_at
       from graphile_worker.jobs where task_identifier in ('send_email', 'resize') order by id`,
  );
  return rows;
}

/** graphile-worker's tables, functions and triggers as they are in the database. */
async function theirSchema(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select 'column' as kind, table_name || '.' || column_name as name, data_type as detail
       from information_schema.columns where table_schema = 'graphile_worker'
     union all select 'function', oid::regprocedure::text, md5(prosrc) from pg_proc where pronamespace = 'graphile_worker'::regnamespace
     union all select 'trigger', tgname, tgrelid::regclass::text from pg_trigger
        join pg_class on pg_class.oid = tgrelid where relnamespace = 'graphile_worker'::regnamespace and not tgisinternal
     union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'graphile_worker'
     order by 1, 2`,
  );
  return rows;
}

async function expectCrontabToRun(): Promise<void> {
  rmSync(join(project, "tidied"), { force: true });
  // Lets its entry be due: one that graphile-worker sees for the first time is not filled in.
  await database.pool.query(
    "update graphile_worker._private_known_crontabs set known_since = now() - interval '1 h', last_execution = now() - interval '90 s'",
  );
  const worker = startWorking();
  await waitUntil(() => existsSync(join(project, "tidied")), {
    what: () => `the crontab's job in:\n${worker.output()}`,
  });
  await endOf(worker);
}

test("a graphile-worker project takes Ratchet in with one line, and out again", async () => {
  // Their life before.
  await outputOf(["npx", "graphile-worker", "--schema-only"], place());
  const schemaBefore = await theirSchema();
  await queue("send_email", { to: "ann", image: "a.png" });
  await queue("send_email", { to: "nobody" });
  await workOnce();
  expect(takeLedger()).toStrictEqual(["email ann attempt 1", "email nobody attempt 1", "resized a.png"]);
  await reschedule("send_email", "1 day");
  const worker = startWorking();
  await waitUntil(
    async () => (await database.pool.query("select 1 from graphile_worker._private_known_crontabs")).rowCount === 1,
    { what: () => `the crontab to be known in:\n${worker.output()}` },
  );
  await endOf(worker);
  await expectCrontabToRun();

  // What is queued at the moment of the change.
  await queue("send_email", { to: "bob", image: "b.png" });
  await queue("resize", { image: "tomorrow.png" }, ", run_at => now() + interval '1 day', job_key => 'tomorrow'");
  const [failed, due, later] = await theirQueue();
  expect([failed, due, later]).toMatchObject([
    { task_identifier: "send_email", attempts: 1, last_error: "550 no such mailbox" },
    { task_identifier: "send_email", attempts: 0 },
    { task_identifier: "resize", key: "tomorrow" },
  ]);

  // In.
  await installInto(project, await packPackage());
  writeFiles(project, { "graphile.config.ts": WITH_THE_LINE, "lib/tasks/publish.ts": DEFINITION });
  await workOnce();
  expect(takeLedger()).toStrictEqual(["email bob attempt 1", "resized b.png"]);
  expect(await theirQueue()).toStrictEqual([failed, later]);
  await reschedule("send_email", "0");
  await workOnce();
  expect(takeLedger()).toStrictEqual(["email nobody attempt 2"]);
  expect(await theirQueue()).toMatchObject([
    { attempts: 2, max_attempts: 25, last_error: "550 no such mailbox" },
    later,
  ]);
  await reschedule("send_email", "1 day");
  await database.pool.query(
    `select from ratchet.add_job('publish', '{"sku": "jacket"}') as jacket, ratchet.add_job('publish', '{"sku": "shy"}') as shy`,
  );
  await queue("publish", { sku: "coat" });
  await workOnce();
  expect(takeLedger()).toStrictEqual([
    "published coat",
    "published jacket",
    "uploaded coat",
    "uploaded jacket",
    "uploaded shy",
  ]);
  await expectCrontabToRun();
  expect(await jobs()).toStrictEqual([
    { sku: "jacket", status: "COMPLETED", tasks: ["COMPLETED", "COMPLETED"] },
    { sku: "shy", status: "FAILED", tasks: ["COMPLETED", "FAILED"] },
    { sku: "coat", status: "COMPLETED", tasks: ["COMPLETED", "COMPLETED"] },
  ]);
  // The command finds database and task folder where graphile-worker does.
  expect(await outputOf(["npx", "ratchet", "show", "2"], place())).toContain("not today");
  expect(await theirSchema()).toStrictEqual(schemaBefore);

  // Out: the line, and the definition, which graphile-worker alone does not know. A wake-up of ours is still there.
  rmSync(join(project, "lib/tasks/publish.ts"));
  writeFiles(project, { "graphile.config.ts": THEIRS["graphile.config.ts"] });
  await outputOf(["npm", "uninstall", "pg-ratchet"], place());
  await queue("send_email", { to: "eve", image: "e.png" });
  await reschedule("publish", "0");
  await workOnce();
  expect(takeLedger()).toStrictEqual(["email eve attempt 1", "resized e.png"]);
  await expectCrontabToRun();
  expect(await theirQueue()).toMatchObject([{ attempts: 2 }, later]);
  const { rows: wakeUps } = await database.pool.query(
    "select attempts, locked_at, last_error from graphile_worker.jobs where key like 'ratchet:%'",
  );
  expect(wakeUps).toStrictEqual([{ attempts: 0, locked_at: null, last_error: null }]);

  // For good: as docs/from-graphile-worker.md says.
  await database.pool.query(
    "select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where key like 'ratchet:%'))",
  );
  await database.pool.query("drop schema ratchet, ratchet_private cascade");
  await queue("resize", { image: "last.png" });
  await workOnce();
  expect(takeLedger()).toStrictEqual(["resized last.png"]);
  expect(await theirSchema()).toStrictEqual(schemaBefore);
}, 180_000);

async function jobs(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    `select payload ->> 'sku' as sku, status::text,
            array(select status::text from ratchet.tasks where job_id = jobs.id order by position) as tasks
       from ratchet.jobs order by id`,
  );
  return rows;
}
