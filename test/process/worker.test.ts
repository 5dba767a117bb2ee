import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { addJob, readJob } from "../../src/database/calls/jobs.ts";
import { createPool } from "../../src/database/pool.ts";
import { type TestDatabase, createEmptyDatabase, createTestDatabase } from "../support/database.ts";
import { SCHEMA_SETTINGS, TEST_SCHEMAS, wakeUpKey } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

const PROJECT = join(import.meta.dirname, "../..");
const INDEX = pathToFileURL(join(PROJECT, "src/index.ts")).href;
const WORKER = pathToFileURL(join(PROJECT, "src/worker/index.ts")).href;
const GRAPHILE_CLI = join(dirname(createRequire(import.meta.url).resolve("graphile-worker")), "cli.js");
const SECRET = "s3cr3t-in-the-payload";

const FILES = {
  "package.json": '{ "type": "module" }',
  "graphile.config.ts": `import { RatchetPreset } from ${JSON.stringify(WORKER)};
export default { extends: [RatchetPreset], worker: { pollInterval: 200 } };`,
  "tasks/publish.ts": `import { appendFileSync, existsSync } from "node:fs";
import { defineJob } from ${JSON.stringify(INDEX)};
const note = (text: string) => appendFileSync("ledger", text + "\\n");
export default defineJob({ retry: { delay: "100 ms" } })
  .task("first", ({ job }) => note("first " + job.id))
  .task("second", async ({ job, signal }) => {
    note("second begins " + job.id);
    while (!existsSync("go")) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      signal.throwIfAborted();
    }
    note("second ends " + job.id);
  })
  .task("third", ({ job }) => note("third " + job.id));`,
  "tasks/failing.ts": `import { defineJob } from ${JSON.stringify(INDEX)};
export default defineJob({ retry: { maxAttempts: 2, delay: "50 ms" } }).task("only", () => { throw new Error("no luck"); });`,
  "tasks/plain.js": `import { appendFileSync } from "node:fs";
export default async (payload, helpers) => {
  appendFileSync("ledger", "plain " + JSON.stringify(payload) + " " + helpers.job.task_identifier + "\\n");
  if (payload.chain) await helpers.addJob("plain", { chained: true });
  if (payload.fail) throw new Error("plain task failed");
};`,
  "tasks/polite.js": `import { appendFileSync } from "node:fs";
export default async (_payload, { abortPromise }) => {
  appendFileSync("ledger", "polite begins\\n");
  await abortPromise;
};`,
  "tasks/stubborn.js": `import { appendFileSync } from "node:fs";
export default async () => {
  appendFileSync("ledger", "stubborn begins\\n");
  await new Promise(() => {});
};`,
};

let database: TestDatabase;
let folder = "";
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ratchet-project-"));
  write(FILES);
  symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "close");
    }
  }
  rmSync(folder, { recursive: true, force: true });
});

afterAll(async () => {
  await database.drop();
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function ledger(): string[] {
  try {
    return readFileSync(join(folder, "ledger"), "utf8").trim().split("\n");
  } catch {
    return [];
  }
}

/** Starts a program in the project folder; `output()` is all that it has printed. */
function start(program: string, commandLine: readonly string[], settings: NodeJS.ProcessEnv = {}) {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:RATCHET_|GRAPHILE_WORKER_|DATABASE_URL|PG|NO_LOG|NO_COLOR|FORCE_COLOR)/v.test(name),
  );
  const child = spawn(process.execPath, [program, ...commandLine], {
    cwd: folder,
    env: { ...Object.fromEntries(inherited), ...SCHEMA_SETTINGS, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let output = "";
  function keep(text: string): void {
    output += text;
  }
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | string);
  return { child, output: () => output, ended };
}

function startGraphileWorker(commandLine: readonly string[] = [], settings: NodeJS.ProcessEnv = {}) {
  return start(GRAPHILE_CLI, ["-c", database.url, ...commandLine], settings);
}

async function endOf(jobId: string) {
  return waitUntil(
    async () => {
      const job = await readJob(database.pool, jobId);
      return job?.finishedAt === null ? null : job;
    },
    { what: `the end of job ${jobId}` },
  );
}

async function add(identifier: string, payload: object = {}): Promise<string> {
  return addJob(database.pool, { identifier, payload });
}

test("graphile-worker's own command migrates, and runs jobs and plain task files from one folder", async () => {
  const empty = await createEmptyDatabase();
  try {
    const command = start(GRAPHILE_CLI, ["-c", empty.url]);
    await waitUntil(() => command.output().includes("worker started"), { what: () => command.output() });
    write({ go: "" });
    const jobId = await addJob(empty.pool, { identifier: "publish", payload: { secret: SECRET } });
    await empty.pool.query("select graphile_worker.add_job('plain', $1)", [{ secret: SECRET, chain: true }]);
    const { rows } = await empty.pool.query<{ id: string }>("select id from graphile_worker.add_job('publish', $1)", [
      { secret: SECRET },
    ]);
    await waitUntil(
      async () => {
        const found = await empty.pool.query(
          "select 1 from ratchet.jobs where status = 'COMPLETED' and (id = $1 or adopted_from = $2)",
          [jobId, rows[0]?.id],
        );
        return found.rowCount === 2 && ledger().some((line) => line.includes("chained"));
      },
      { what: "two jobs and a chained plain task" },
    );
    expect(ledger()).toContain(`plain ${JSON.stringify({ secret: SECRET, chain: true })} plain`);
    command.child.kill("SIGTERM");
    await command.ended;
    expect(command.output()).not.toContain(SECRET);
    expect((await empty.pool.query("select 1 from ratchet.workers where stopped_at is null")).rowCount).toBe(0);
  } finally {
    await empty.drop();
  }
}, 120_000);

test("--once runs what is there and ends", async () => {
  const preparing = startGraphileWorker(["--once"]);
  expect(await preparing.ended).toBe(0);
  write({ go: "" });
  const jobId = await add("publish");
  const command = startGraphileWorker(["--once"]);
  expect(await command.ended).toBe(0);
  expect((await endOf(jobId)).status).toBe("COMPLETED");
  expect(command.output()).toContain('"job completed"');
}, 120_000);

test("SIGTERM hands unfinished jobs back uncounted, plain tasks too, and the command ends", async () => {
  await startGraphileWorker(["--once"]).ended;
  write({
    "graphile.config.ts": FILES["graphile.config.ts"].replace(
      "pollInterval: 200",
      "pollInterval: 200, gracefulShutdownAbortTimeout: 200",
    ),
  });
  const jobId = await add("publish");
  const command = startGraphileWorker();
  await waitUntil(() => ledger().includes(`second begins ${jobId}`), { what: () => command.output() });
  await database.pool.query(
    "select graphile_worker.add_job('polite'), graphile_worker.add_job('stubborn', queue_name => 'q')",
  );
  await waitUntil(() => ["polite", "stubborn"].every((name) => ledger().includes(`${name} begins`)), {
    what: () => command.output(),
  });
  command.child.kill("SIGTERM");
  expect(await command.ended).toBe("SIGTERM");
  const plain = await database.pool.query(
    `select attempts, locked_by, run_at <= now() as is_due from graphile_worker.jobs
      where task_identifier in ('polite', 'stubborn')`,
  );
  const handedBack = { attempts: 0, locked_by: null, is_due: true };
  expect(plain.rows).toStrictEqual([handedBack, handedBack]);
  const { rows: queues } = await database.pool.query(
    "select 1 from graphile_worker._private_job_queues where locked_at is not null",
  );
  expect(queues).toStrictEqual([]);
  await database.pool.query("delete from graphile_worker._private_jobs where key is null");
  const job = await readJob(database.pool, jobId);
  expect(job?.tasks.map(({ status, errorMessage }) => [status, errorMessage])).toStrictEqual([
    ["COMPLETED", null],
    ["PENDING", null],
    ["PENDING", null],
  ]);
  const { rows } = await database.pool.query(
    "select attempts, locked_by, run_at <= now() as is_due from graphile_worker.jobs where key = $1",
    [wakeUpKey(jobId)],
  );
  expect(rows).toStrictEqual([{ attempts: 0, locked_by: null, is_due: true }]);
  write({ go: "" });
  await startGraphileWorker(["--once"]).ended;
  expect((await endOf(jobId)).status).toBe("COMPLETED");
  expect(ledger().filter((line) => line === `first ${jobId}`)).toHaveLength(1);
}, 120_000);

test("a rescuer of graphile-worker's own command would know the pool that it fetches by", async () => {
  await startGraphileWorker(["--once"]).ended;
  const jobId = await add("publish");
  const command = startGraphileWorker();
  await waitUntil(() => ledger().includes(`second begins ${jobId}`), { what: () => command.output() });
  const { rows } = await database.pool.query(
    `select fetched.locked_by = any (worker.pool_ids) as is_known
     from graphile_worker.jobs fetched, ratchet.workers worker where fetched.key = $1 and worker.stopped_at is null`,
    [wakeUpKey(jobId)],
  );
  expect(rows).toStrictEqual([{ is_known: true }]);
  write({ go: "" });
  await endOf(jobId);
  command.child.kill("SIGTERM");
  await command.ended;
}, 120_000);

test("what the user's configuration sets goes before the preset, and the crontab works", async () => {
  write({
    "graphile.config.ts": `import { Logger } from "graphile-worker";
import { RatchetPreset } from ${JSON.stringify(WORKER)};
const logger = new Logger(() => (_level, message) => console.log("MINE " + message));
export default { extends: [RatchetPreset], worker: { concurrentJobs: 1, logger, pollInterval: 200, crontabFile: "my.crontab" } };`,
    "my.crontab": '* * * * * publish ?fill=2m&id=every_minute {"from":"cron"}\n',
    go: "",
  });
  const command = startGraphileWorker();
  await waitUntil(() => command.output().includes("MINE Worker connected"), {
    what: () => command.output(),
  });
  const concurrency = await waitUntil(
    async () => {
      const { rows } = await database.pool.query<{ concurrency: number }>(
        "select concurrency from ratchet.workers where stopped_at is null",
      );
      return rows[0]?.concurrency;
    },
    { what: "a registered worker" },
  );
  expect(concurrency).toBe(1);
  // An item that graphile-worker sees for the first time is not backfilled: make it one that it knows.
  command.child.kill("SIGTERM");
  await command.ended;
  await database.pool.query(
    "update graphile_worker._private_known_crontabs set known_since = now() - interval '1 h', last_execution = now() - interval '90 s'",
  );
  const again = startGraphileWorker();
  const job = await waitUntil(
    async () => {
      const found = await database.pool.query<{ id: string; payload: { _cron?: unknown } }>(
        "select id, payload from ratchet.jobs where payload @> $1 and status = 'COMPLETED'",
        [{ from: "cron" }],
      );
      return found.rows[0];
    },
    { what: () => `a job from the crontab in:\n${again.output()}` },
  );
  expect(job.payload).toMatchObject({ from: "cron", _cron: { backfilled: true } });
}, 120_000);

test("the schemas are those that the project names, and two names for graphile-worker's are refused (RT110)", async () => {
  const config = (ratchet: object): Readonly<Record<string, string>> => ({
    "graphile.config.ts": `import { RatchetPreset } from ${JSON.stringify(WORKER)};
export default { extends: [RatchetPreset], ratchet: ${JSON.stringify(ratchet)}, worker: { schema: "shop_queue" } };`,
    go: "",
  });
  const schemas = { ratchet: "shop", graphileWorker: "shop_queue" };
  const pool = createPool({ connectionString: database.url, schemas });
  try {
    write(config({ schema: "shop" }));
    const settings = { RATCHET_SCHEMA: "", GRAPHILE_WORKER_SCHEMA: "" };
    expect(await startGraphileWorker(["--once"], settings).ended).toBe(0);
    const jobId = await addJob(pool, { identifier: "publish", payload: {} });
    expect(await startGraphileWorker(["--once"], settings).ended).toBe(0);
    expect((await readJob(pool, jobId))?.status).toBe("COMPLETED");
    expect(ledger()).toContain(`first ${jobId}`);

    write(config({ schema: "shop", workerSchema: "another" }));
    const refused = startGraphileWorker(["--once"], settings);
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toContain(
      'graphile-worker is to use the schema "shop_queue", and Ratchet\'s settings name "another" for it.',
    );
  } finally {
    await pool.end();
  }
}, 120_000);

test("payloads are in no line of the log, at debug level and with failures", async () => {
  write({ go: "" });
  await startGraphileWorker(["--once"]).ended;
  const failing = await add("failing", { secret: SECRET });
  const publish = await add("publish", { secret: SECRET });
  await database.pool.query("select graphile_worker.add_job('plain', $1, max_attempts => 1)", [
    { secret: SECRET, fail: true },
  ]);
  await database.pool.query("select graphile_worker.add_job('failing', $1::json)", [JSON.stringify([SECRET])]);
  const command = startGraphileWorker([], { RATCHET_LOG_LEVEL: "trace" });
  await endOf(failing);
  await endOf(publish);
  await waitUntil(() => command.output().includes("plain task failed"), { what: () => command.output() });
  command.child.kill("SIGTERM");
  await command.ended;
  const lines = command
    .output()
    .split("\n")
    .filter((line) => line.includes(SECRET));
  expect(lines).toStrictEqual([]);
  expect(command.output()).toContain('"level":"debug"');
}, 120_000);

test("after SIGKILL in the middle of a task the next worker of this host goes on at once, with nothing done twice", async () => {
  write({
    "run.ts": `import { createLogger } from ${JSON.stringify(pathToFileURL(join(PROJECT, "src/telemetry/logger.ts")).href)};
import { startWorker } from ${JSON.stringify(WORKER)};
const worker = await startWorker({ connectionString: process.argv[2], taskDirectory: "tasks", schemas: ${JSON.stringify(TEST_SCHEMAS)}, log: createLogger() });
process.once("SIGTERM", () => worker.stop());`,
  });
  await startGraphileWorker(["--once"]).ended;
  const jobId = await add("publish");
  const first = start(join(folder, "run.ts"), [database.url]);
  await waitUntil(() => ledger().includes(`second begins ${jobId}`), { what: () => first.output() });
  first.child.kill("SIGKILL");
  await first.ended;
  write({ go: "" });
  const second = start(join(folder, "run.ts"), [database.url]);
  const job = await endOf(jobId);
  expect(job.status).toBe("COMPLETED");
  expect(job.tasks.map(({ attempts }) => attempts)).toStrictEqual([1, 1, 1]);
  // What another host's worker would do: it judges nobody within ten seconds of its own start.
  const atOnce = "dead.stopped_at < second.started_at + interval '10 s'";
  expect(
    (
      await database.pool.query(
        `select ${atOnce} as at_once from ratchet.workers dead join ratchet.workers second on dead.rescued_by = second.id
         where second.pid = $1`,
        [second.child.pid],
      )
    ).rows,
  ).toStrictEqual([{ at_once: true }]);
  expect(second.output()).toContain("a worker died; its jobs go on");
  expect(ledger().filter((line) => line === `first ${jobId}`)).toHaveLength(1);
  expect(ledger().filter((line) => line === `second ends ${jobId}`)).toHaveLength(1);
  second.child.kill("SIGTERM");
  // No timer and no connection keeps the process.
  expect(await second.ended).toBe(0);
}, 120_000);
