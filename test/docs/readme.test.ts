import { rm } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type RunningCommand, startCommand } from "../support/command.ts";
import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { run } from "../support/programs.ts";
import { readCommandLines } from "./commandLines.ts";
import { type Page, readPages, ROOT } from "./pages.ts";
import { createBlockFolder, writeBlocks } from "./writtenBlocks.ts";

/** Whole processes start and stop in these tests. */
const SLOW = { timeout: 120_000 };

let readme: Page;
let folder: string;
let database: TestDatabase;
let settings: NodeJS.ProcessEnv;
let up: RunningCommand | undefined;

beforeAll(async () => {
  readme = (await readPages()).find(({ name }) => name === "README.md") ?? missing("README");
  folder = await createBlockFolder();
  await writeBlocks(folder, readme, ["ts", "sql"]);
  database = await createEmptyDatabase();
  settings = {
    DATABASE_URL: database.url,
    RATCHET_TASKS: join(folder, "tasks"),
    RATCHET_DATA_DIR: join(folder, "data"),
    RATCHET_PORT: "0",
  };
  await startUp();
  // In the README, two starts have queued the sample before.
  await database.pool.query("alter table ratchet.jobs alter column id restart with 3");
});

afterAll(async () => {
  up?.child.kill("SIGKILL");
  await up?.ended;
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

/** `ratchet up`, as `npm start` runs it, without the sample. */
async function startUp(): Promise<void> {
  up = startCommand(["up"], settings);
  await up.printed(/Running jobs/v);
}

/** The command of the README that has all these words. */
async function commandWith(...words: string[]): Promise<readonly string[]> {
  const found = (await readCommandLines()).find(
    (line) => line.place.startsWith("README.md") && words.every((word) => line.words.includes(word)),
  );
  return found?.words ?? missing(`command with ${words.join(" ")}`);
}

function missing(what: string): never {
  throw new Error(`There is no ${what}.`);
}

async function status(id: string): Promise<string | undefined> {
  const { rows } = await database.pool.query<{ status: string }>("select status from ratchet.jobs where id = $1", [id]);
  return rows[0]?.status;
}

test("the README's own job is queued from SQL and from TypeScript, in transactions", SLOW, async () => {
  const script = `exec "$0" --conditions=ratchet-source "$1" sql - < "$2"`;
  const file = join(folder, "queue_import.sql");
  expect(await run("sh", ["-c", script, process.execPath, join(ROOT, "src/cli/main.ts"), file], settings)).toContain(
    "COMMIT",
  );
  const printed = await run(
    process.execPath,
    ["--conditions=ratchet-source", join(folder, "queue_import.ts")],
    settings,
  );
  expect(printed).toMatch(/^Job 4 is COMPLETED: \d+ rows\.$/mv);
  await expect.poll(() => status("3"), { timeout: 60_000 }).toBe("COMPLETED");
  const { rows } = await database.pool.query("select file, rows from imports order by file");
  expect(rows).toStrictEqual([
    { file: "december.csv", rows: 150 },
    { file: "november.csv", rows: 150 },
  ]);
});

test("a worker killed in the middle of the README's job goes on where it was", SLOW, async () => {
  const payload = (await commandWith("add", "import_orders")).find((word) => word.startsWith("{")) ?? "";
  const watched = startCommand(
    ["add", "import_orders", "--watch", "--payload", payload.replace('"secondsPerPart": 10', '"secondsPerPart": 1')],
    settings,
  );
  await watched.printed(/Load part 1\/3 +COMPLETED/v);
  up?.child.kill("SIGKILL");
  await up?.ended;
  await startUp();

  expect(await watched.ended).toBe(0);
  expect(watched.output().match(/Load part 1\/3 +COMPLETED/gv)).toHaveLength(1);
  const { rows } = await database.pool.query(
    "select position, status, attempts from ratchet.tasks where job_id = 5 order by position",
  );
  expect(rows).toStrictEqual([1, 2, 3, 4, 5].map((position) => ({ position, status: "COMPLETED", attempts: 1 })));
});

test("the README's GraphQL query is answered as it shows", async () => {
  const shown = readme.blocks.find(({ language }) => language === "json")?.code ?? "";
  const query = readme.blocks.find(({ language }) => language === "graphql")?.code ?? "";
  const words = await commandWith("curl");
  const url = /http:\/\/127\.0\.0\.1:\d+\/graphql/v.exec(up?.output() ?? "")?.[0] ?? missing("address of GraphQL");
  const bodies = [words.find((word) => word.startsWith("{")) ?? "", JSON.stringify({ query })];
  const answers = await Promise.all(bodies.map((body) => ask(url, body)));
  expect(answers[0]).toStrictEqual(answers[1]);
  expect(shapeOf(answers[0])).toStrictEqual(shapeOf(JSON.parse(shown)));
});

async function ask(url: string, body: string): Promise<unknown> {
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  return response.json();
}

/** Keys and types; of a list its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    return [shapeOf(value[0])];
  }
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]))
    : typeof value;
}
