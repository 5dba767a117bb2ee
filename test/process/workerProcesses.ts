import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, inject } from "vitest";

import { type AddJobSpec, type JobSnapshot, addJob, readJob } from "../../src/database/calls/jobs.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";
import { type RunningCommand, startCommand } from "../support/command.ts";
import { waitUntil } from "../support/waiting.ts";

/** For task files: the package, and `note`, which writes a line into the ledger outside Ratchet. */
const PRELUDE = `import { appendFileSync, existsSync } from "node:fs";
import { defineJob } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "../../src/index.ts")).href)};
const note = (text: string) => appendFileSync(new URL("../ledger", import.meta.url), text + "\\n");
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
`;

/** A database and a task folder for each test, and real `ratchet worker` processes that are gone after it. */
export function createWorkerProcesses() {
  const running: RunningCommand[] = [];
  let database: TestDatabase | undefined;
  let folder = "";

  beforeEach(async () => {
    database = await createTestDatabase();
    folder = mkdtempSync(join(inject("testRunFolder"), "workers-"));
  });
  afterEach(async () => {
    await Promise.all(
      running.splice(0).map(({ child, ended }) => {
        child.kill("SIGKILL");
        return ended;
      }),
    );
    await database?.drop();
  });

  function theDatabase(): TestDatabase {
    if (database === undefined) {
      throw new Error("The database is made before each test.");
    }
    return database;
  }

  async function rows<Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await theDatabase().pool.query(sql, [...values])).rows as Row[];
  }

  return {
    database: theDatabase,
    rows,
    /** Writes a task file; the prelude goes before its text. */
    task(name: string, text: string, version = "tasks"): void {
      const file = join(folder, version, `${name}.ts`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, PRELUDE + text);
    },
    /** Writes an empty file next to the task folder. */
    touch(name: string): void {
      writeFileSync(join(folder, name), "");
    },
    ledger(): string[] {
      try {
        return readFileSync(join(folder, "ledger"), "utf8").trimEnd().split("\n");
      } catch {
        return [];
      }
    },
    start(settings: NodeJS.ProcessEnv = {}, { command = "worker", version = "tasks" } = {}): RunningCommand {
      const started = startCommand(command.split(" "), {
        DATABASE_URL: theDatabase().url,
        RATCHET_TASKS: join(folder, version),
        RATCHET_DATA_DIR: join(folder, "data"),
        RATCHET_SHUTDOWN_GRACE: "5 s",
        RATCHET_POLL_INTERVAL: "200 ms",
        ...settings,
      });
      running.push(started);
      return started;
    },
    add: (identifier: string, payload: object = {}, rest: Partial<AddJobSpec> = {}): Promise<string> =>
      addJob(theDatabase().pool, { identifier, payload, ...rest }),
    job: (jobId: string): Promise<JobSnapshot | null> => readJob(theDatabase().pool, jobId),
    ended: (jobId: string): Promise<JobSnapshot> =>
      waitUntil(
        async () => {
          const job = await readJob(theDatabase().pool, jobId);
          return job?.finishedAt === null ? null : job;
        },
        { what: `the end of job ${jobId}` },
      ),
  };
}
