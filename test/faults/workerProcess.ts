import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { SCHEMA_SETTINGS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

const PROJECT = join(import.meta.dirname, "../..");
const INDEX = pathToFileURL(join(PROJECT, "src/index.ts")).href;
const CONCURRENCY = 5;

const TASK_FILE = `import { appendFileSync } from "node:fs";
import { defineJob } from ${JSON.stringify(INDEX)};
const work = async ({ job, task }) => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  appendFileSync("ledger", job.id + " " + task.key + "\\n");
};
export default defineJob({}).task("one", work).task("two", work).task("three", work);
`;

/** One line of a worker's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly kind?: string;
  readonly errorCode?: string | null;
  readonly seconds?: number;
}

/** A process `ratchet worker`, and what it has done. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  /** What it has logged; what is no line of the log, on standard error too, has a level of its own. */
  lines(): LogLine[];
  /** How often each task was done, by `<job id> <task>`. */
  ledger(): Map<string, number>;
  /** Kills it and removes its folder. */
  remove(): Promise<void>;
}

/** Jobs that the process runs at once. */
export const JOBS_AT_ONCE = CONCURRENCY;

/** Starts a worker whose folder of task files has the job `work`, of three short tasks; resolves when it is ready. */
export async function startWorkerProcess(databaseUrl: string): Promise<WorkerProcess> {
  const folder = mkdtempSync(join(tmpdir(), "ratchet-faults-"));
  mkdirSync(join(folder, "tasks"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tasks/work.ts"), TASK_FILE);
  writeFileSync(join(folder, "ledger"), "");
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:RATCHET_|GRAPHILE_WORKER_|DATABASE_URL|PG|NO_LOG|NO_COLOR|FORCE_COLOR)/v.test(name),
  );
  const child = spawn(process.execPath, ["--conditions=ratchet-source", join(PROJECT, "src/cli/main.ts"), "worker"], {
    cwd: folder,
    env: {
      ...Object.fromEntries(inherited),
      ...SCHEMA_SETTINGS,
      DATABASE_URL: databaseUrl,
      RATCHET_CONCURRENCY: String(CONCURRENCY),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (text: string): void => {
    output += text;
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);

  function lines(): LogLine[] {
    const whole = output.split("\n").slice(0, -1);
    return whole.map((line) => {
      try {
        return JSON.parse(line) as LogLine;
      } catch {
        return { level: "no line of the log", msg: line };
      }
    });
  }

  const worker: WorkerProcess = {
    child,
    lines,
    ledger() {
      const counts = new Map<string, number>();
      for (const entry of readFileSync(join(folder, "ledger"), "utf8").split("\n").slice(0, -1)) {
        counts.set(entry, (counts.get(entry) ?? 0) + 1);
      }
      return counts;
    },
    async remove() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await once(child, "close");
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await waitUntil(() => lines().some(({ msg }) => msg === "worker started") || child.exitCode !== null, {
    what: "the worker's start",
  });
  if (child.exitCode !== null) {
    throw new Error(`The worker has ended:\n${output}`);
  }
  return worker;
}
