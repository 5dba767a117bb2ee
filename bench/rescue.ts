/**
 * Measures the time from SIGKILL of a worker process to its job running on another one, with the defaults:
 * `node --conditions=ratchet-source bench/rescue.ts [--kills 30] [--unfinished 0]`. An embedded Postgres with its usual
 * settings, real `ratchet worker` processes, no process started again in between.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { addJob } from "../src/database/calls/jobs.ts";
import { startEmbeddedPostgres } from "../src/database/embedded/embeddedPostgres.ts";
import { migrate } from "../src/database/migrator.ts";
import { createPool } from "../src/database/pool.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "30" }, unfinished: { type: "string", default: "0" } },
});
const kills = Number(values.kills);
const unfinished = Number(values.unfinished);

const WORKERS = 8;
const KILLED_BEFORE_NEW_ONES = 5;
/** A worker judges nobody in its first ten seconds. */
const UNTIL_ALL_JUDGE_MS = 11_000;

const folder = mkdtempSync(join(tmpdir(), "ratchet-rescue-"));
// As root, Postgres runs as somebody else, who must get there.
chmodSync(folder, 0o711);
const server = await startEmbeddedPostgres({ dataFolder: join(folder, "data"), parentForRoot: folder });
const pool = createPool({ connectionString: server.url });
await migrate(pool);
mkdirSync(join(folder, "tasks"));
writeFileSync(
  join(folder, "tasks/hold.ts"),
  `import { defineJob } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../src/index.ts")).href)};
export default defineJob({ retry: { maxAttempts: 1000 } }).task("only", async ({ job, signal }) => {
  process.stdout.write("begun " + job.id + " " + process.pid + " " + Date.now() + "\\n");
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
});`,
);

interface Begun {
  readonly jobId: string;
  readonly pid: number;
  readonly at: number;
}
const begun: Begun[] = [];
const workers = new Map<number, ChildProcess>();

function startWorker(): void {
  const child = spawn(
    process.execPath,
    ["--conditions=ratchet-source", join(import.meta.dirname, "../src/cli/main.ts"), "worker"],
    {
      env: {
        DATABASE_URL: server.url,
        RATCHET_TASKS: join(folder, "tasks"),
        RATCHET_LOG_LEVEL: "warn",
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  workers.set(child.pid ?? 0, child);
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [word, jobId = "", pid, at] = line.split(" ");
    if (word === "begun") {
      begun.push({ jobId, pid: Number(pid), at: Number(at) });
    }
  });
}

async function until<Value>(find: () => Value | undefined): Promise<Value> {
  for (;;) {
    const found = find();
    if (found !== undefined) {
      return found;
    }
    await sleep(5);
  }
}

async function live(): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    "select count(*)::integer as count from ratchet.workers where stopped_at is null",
  );
  return rows[0]?.count ?? 0;
}

async function fill(): Promise<void> {
  for (let added = 0; added < unfinished; added += 10_000) {
    await pool.query(
      `select count(*) from ratchet.add_jobs((select jsonb_agg(jsonb_build_object('identifier', 'hold',
         'run_at', now() + interval '1 year', 'payload', jsonb_build_object('text', repeat('x', 200)))) from generate_series(1, 10000)))`,
    );
  }
  await pool.query("vacuum analyze");
}

const times: number[] = [];
startWorker();
await until(() => (workers.size > 0 ? true : undefined));
while ((await live()) < 1) {
  await sleep(100);
}
await fill();
while (times.length < kills) {
  while (workers.size < WORKERS) {
    startWorker();
  }
  while ((await live()) < WORKERS) {
    await sleep(100);
  }
  await sleep(UNTIL_ALL_JUDGE_MS);
  for (let killed = 0; killed < KILLED_BEFORE_NEW_ONES && times.length < kills; killed++) {
    const jobId = await addJob(pool, { identifier: "hold", payload: {} });
    const { pid } = await until(() => begun.find((each) => each.jobId === jobId));
    // Some time or other between two signs of life.
    await sleep(500 + Math.random() * 1000);
    const killedAt = Date.now();
    workers.get(pid)?.kill("SIGKILL");
    workers.delete(pid);
    const again = await until(() => begun.find((each) => each.jobId === jobId && each.pid !== pid));
    times.push(again.at - killedAt);
    await pool.query("select ratchet.cancel_job($1)", [jobId]);
  }
}
const sorted = times.toSorted((first, second) => first - second);
const share = (part: number): number => sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0;
process.stdout.write(
  `${JSON.stringify({ kills: times.length, unfinished, minMs: share(0), medianMs: share(0.5), p90Ms: share(0.9), p99Ms: share(0.99), maxMs: share(1) })}\n`,
);
for (const child of workers.values()) {
  child.kill("SIGKILL");
  await once(child, "close");
}
await pool.end();
await server.stop();
rmSync(folder, { recursive: true, force: true });
