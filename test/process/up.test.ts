import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { findRunningEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";
import { placementOf } from "../../src/database/embedded/placement.ts";
import { type RunningCommand, runCommand, startCommand } from "../support/command.ts";
import { removeRunFolder } from "../support/runFolder.ts";
import { named } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

// Each test starts a Postgres of its own and waits for a retry of 3 s.
const TIMEOUT_MS = 90_000;

let folder: string;
let dataFolder: string;
const started: RunningCommand[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ratchet-up-"));
  dataFolder = join(folder, "data");
});

afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
  // Ends the server of a test that failed half-way; root's servers live elsewhere.
  removeRunFolder(placementOf(dataFolder).folder);
  rmSync(folder, { recursive: true, force: true });
});

function start(commandLine: readonly string[], settings: NodeJS.ProcessEnv = {}): RunningCommand {
  const command = startCommand(commandLine, { RATCHET_DATA_DIR: dataFolder, ...settings });
  started.push(command);
  return command;
}

/** How a command ended and all it said, so that a failed expectation shows it. */
async function endOf(command: RunningCommand) {
  return { exit: await command.ended, output: command.output(), errors: command.errors() };
}

function sql(statement: string) {
  return runCommand(["sql", "--json", named(statement)], { RATCHET_DATA_DIR: dataFolder }).then(
    ({ output }) => JSON.parse(output) as Record<string, unknown>[],
  );
}

/** What the marketplace was asked for: image number or listing, and what came of it. */
function marketplaceRecord(): string[] {
  const lines = readFileSync(join(dataFolder, "marketplace", "record.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return lines
    .map((line) => JSON.parse(line) as { what: string; number?: number; outcome: string })
    .map(({ what, number, outcome }) => `${what} ${number ?? ""} ${outcome}`.replaceAll(/ +/gv, " "));
}

const WHOLE_SAMPLE = ["image 1 stored", "image 2 dropped", "image 2 stored", "image 3 stored", "listing stored"];

/** The lines that tell of tasks and retries, without their time of day and figures. */
function story(output: string): string[] {
  return output
    .split("\n")
    .filter(
      (line) =>
        /^\d\d:\d\d:\d\d (?:\[|retry|Job)/v.test(line) && !line.endsWith("RUNNING") && !line.includes("RUNNING  try"),
    )
    .map((line) =>
      line
        .slice(9)
        .replace(/ {2,}[\d.]+ s/v, "")
        .replaceAll(/ at \d\d:\d\d:\d\d$| in [\d.]+ s$| {2,}fetch failed.*/gv, "")
        .replaceAll(/ {2,}/gv, " "),
    );
}

describe("ratchet up --sample", () => {
  test(
    "--exit fails at image 2, waits, skips what is done, completes, and leaves nothing running",
    async () => {
      const up = start(["up", "--sample", "--exit"]);
      expect(await endOf(up)).toMatchObject({ exit: 0, errors: "" });
      expect(up.errors()).toBe("");
      expect(up.output()).toMatch(/Upload image 2\/3 +FAILED +fetch failed: read ECONNRESET/v);
      expect(story(up.output())).toStrictEqual([
        expect.stringMatching(/^Job 1, publish_listing: PENDING, 5 tasks$/v),
        "[1/5] Validate product COMPLETED",
        "[2/5] Upload image 1/3 COMPLETED",
        "[3/5] Upload image 2/3 FAILED",
        "retry",
        "[1/5] Validate product skipped: already COMPLETED",
        "[2/5] Upload image 1/3 skipped: already COMPLETED",
        "[3/5] Upload image 2/3 COMPLETED try 2",
        "[4/5] Upload image 3/3 COMPLETED",
        "[5/5] Create listing COMPLETED",
        "Job 1 COMPLETED",
      ]);
      expect(marketplaceRecord()).toStrictEqual(WHOLE_SAMPLE);
      expect(await findRunningEmbeddedPostgres(dataFolder)).toBeNull();
    },
    TIMEOUT_MS,
  );

  test(
    "killed between two tries goes on with the same job, and does nothing finished again",
    async () => {
      const first = start(["up", "--sample"]);
      await first.printed("retry in");
      first.child.kill("SIGKILL");
      expect(await first.ended).toBe("SIGKILL");

      const second = start(["up", "--sample", "--exit"]);
      expect(await endOf(second)).toMatchObject({ exit: 0, errors: "" });
      expect(story(second.output())).toStrictEqual(
        expect.arrayContaining([
          "[1/5] Validate product skipped: already COMPLETED",
          "[2/5] Upload image 1/3 skipped: already COMPLETED",
          "Job 1 COMPLETED",
        ]),
      );
      expect(second.output()).not.toMatch(/Validate product +COMPLETED/v);
      expect(marketplaceRecord()).toStrictEqual(WHOLE_SAMPLE);
      expect(await sql("select array_agg(attempts order by position) as attempts from ratchet.tasks")).toStrictEqual([
        { attempts: "{1,1,2,1,1}" },
      ]);
    },
    TIMEOUT_MS,
  );

  test.each(["SIGINT", "SIGTERM"] as const)(
    "serves until %s, then leaves no process and no lock behind, and the next start works at once",
    async (signal) => {
      const first = start(["up", "--sample"]);
      await first.printed("retry in");
      first.child.kill(signal);
      expect(await endOf(first)).toMatchObject({ exit: 0, errors: "" });
      expect(await findRunningEmbeddedPostgres(dataFolder)).toBeNull();

      const second = start(["up", "--sample"]);
      await second.printed("Where to look");
      expect(marketplaceRecord()).toStrictEqual(WHOLE_SAMPLE);
      second.child.kill(signal);
      expect(await endOf(second)).toMatchObject({ exit: 0, errors: "" });
      const { folder: data } = placementOf(dataFolder);
      expect(second.output()).toContain(`\n  data         ${data}\n`);
      expect(second.output().endsWith(`\nStopped. Data stays in ${data}.\n`)).toBe(true);
      expect(first.output()).not.toContain("Where to look");
      expect(await findRunningEmbeddedPostgres(dataFolder)).toBeNull();
      expect(await sql("select count(*)::int as live from ratchet.workers where stopped_at is null")).toStrictEqual([
        { live: 0 },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    "shares its Postgres: add --watch in another process follows a job of one's own",
    async () => {
      const up = start(["up", "--sample"]);
      await up.printed("Where to look");
      const product = join(folder, "mine.json");
      const image = join(process.cwd(), "examples", "products", "jacket-back.png");
      writeFileSync(product, JSON.stringify({ sku: "A-1", title: "Mine", price: 1, currency: "EUR", images: [image] }));
      const added = start(["add", "publish_listing", "--payload-file", product, "--watch"]);
      expect(await endOf(added)).toMatchObject({ exit: 0, errors: "" });
      expect(story(added.output()).at(-1)).toBe("Job 2 COMPLETED");

      const [, url = ""] = /GraphQL +(?<url>http\S+)\/ruru/v.exec(up.output()) ?? [];
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ query: "{ jobs { nodes { id status } } }" }),
      });
      expect(await response.json()).toStrictEqual({
        data: {
          jobs: {
            nodes: [
              { id: "2", status: "COMPLETED" },
              { id: "1", status: "COMPLETED" },
            ],
          },
        },
      });

      const onPort = start(["up", "--postgres-port", "1"]);
      await onPort.printed("Where to look");
      expect(onPort.errors()).toMatch(
        /^--postgres-port 1 does not count: the Postgres of this folder runs already, on port \d+/v,
      );
    },
    TIMEOUT_MS,
  );
});

test(
  "a task in flight at kill -9 is done again after the next start, a finished one is not",
  async () => {
    const tasks = join(folder, "tasks");
    mkdirSync(tasks);
    const ledger = join(folder, "ledger");
    const index = new URL("../../src/index.ts", import.meta.url).href;
    writeFileSync(ledger, "");
    writeFileSync(
      join(tasks, "three_steps.ts"),
      `import { appendFileSync, existsSync } from "node:fs";
       import { setTimeout } from "node:timers/promises";
       import { defineJob } from ${JSON.stringify(index)};
       const enter = (name: string) => appendFileSync(${JSON.stringify(ledger)}, name + "\\n");
       export default defineJob({})
         .task("one", () => enter("one"))
         .task("two", async () => {
           enter("two");
           while (!existsSync(${JSON.stringify(join(folder, "go"))})) await setTimeout(10);
         })
         .task("three", () => enter("three"));`,
    );
    const settings = { RATCHET_TASKS: tasks };
    const first = start(["up"], settings);
    await first.printed("Where to look");
    expect(await runCommand(["add", "three_steps"], { RATCHET_DATA_DIR: dataFolder })).toMatchObject({ exit: 0 });
    await waitUntil(() => readFileSync(ledger, "utf8").includes("two"));
    first.child.kill("SIGKILL");
    await first.ended;

    writeFileSync(join(folder, "go"), "");
    const second = start(["up"], settings);
    const shown = start(["show", "1", "--watch"]);
    expect(await endOf(shown)).toMatchObject({ exit: 0, errors: "" });
    expect(readFileSync(ledger, "utf8").trimEnd().split("\n")).toStrictEqual(["one", "two", "two", "three"]);
    second.child.kill("SIGINT");
    expect(await second.ended).toBe(0);
  },
  TIMEOUT_MS,
);

describe("ratchet up says plainly what is in its way", () => {
  test("a taken port", async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, "127.0.0.1", () => {
        resolve((blocker.address() as { port: number }).port);
      });
    });
    const forPostgres = await runCommand(["up", "--postgres-port", String(port)], { RATCHET_DATA_DIR: dataFolder });
    expect(forPostgres).toMatchObject({ exit: 5, errors: expect.stringContaining("RT104") });
    expect(forPostgres.errors).toContain(String(port));
    const forMarketplace = await runCommand(["up", "--sample", "--marketplace-port", String(port)], {
      RATCHET_DATA_DIR: dataFolder,
    });
    expect(forMarketplace).toMatchObject({ exit: 5, errors: expect.stringContaining("RT104") });
    const forServer = await runCommand(["up", "--port", String(port)], { RATCHET_DATA_DIR: dataFolder });
    expect(forServer).toMatchObject({ exit: 5, errors: expect.stringContaining("RT104") });
    expect(await findRunningEmbeddedPostgres(dataFolder)).toBeNull();
    blocker.close();
  });

  test("a task folder that is not there", async () => {
    const missing = join(folder, "nothing");
    const { exit, errors } = await runCommand(["up"], { RATCHET_DATA_DIR: dataFolder, RATCHET_TASKS: missing });
    expect(errors).toContain(missing);
    expect(errors).not.toMatch(/^ +at /mv);
    expect(exit).not.toBe(0);
    expect(await findRunningEmbeddedPostgres(dataFolder)).toBeNull();
  });
});
