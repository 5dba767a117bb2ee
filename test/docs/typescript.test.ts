import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { isJobDefinition } from "pg-ratchet";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { run } from "../support/programs.ts";
import { readPages, ROOT } from "./pages.ts";
import { createBlockFolder, isDefinition, loadDefinition, type WrittenBlock, writeBlocks } from "./writtenBlocks.ts";

const written: WrittenBlock[] = [];
let folder: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await createBlockFolder();
  database = await createTestDatabase();
  for (const page of await readPages()) {
    written.push(...(await writeBlocks(join(folder, page.name.replaceAll(/\W/gv, "_")), page, ["ts"])));
  }
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await database.drop();
});

test("every TypeScript block in the documents compiles, as strictly as our own code", async () => {
  expect(written.length).toBeGreaterThan(0);
  const config = { extends: join(ROOT, "tsconfig.json"), include: [], files: written.map(({ file }) => file) };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8", cwd: ROOT });
  const places = written.map(({ place, file }) => `${place}: ${file.slice(folder.length + 1)}`).join("\n");
  expect(status, `${stdout}\n${places}`).toBe(0);
});

test("every definition in the documents can be loaded", async () => {
  const definitions = await Promise.all(written.filter(isDefinition).map(loadDefinition));
  expect(definitions.length).toBeGreaterThan(0);
  expect(definitions.every(isJobDefinition)).toBe(true);
});

// Each file is a process that loads the engine.
test("every test in the documents passes", { timeout: 120_000 }, async () => {
  const files = written.filter(({ code }) => code.includes('"node:test"')).map(({ file }) => file);
  expect(files.length).toBeGreaterThan(0);
  expect(await runNode(["--test", "--test-reporter=tap", ...files])).toContain("# fail 0");
});

test("every program in the documents prints what the block behind it shows", async () => {
  const programs = written.filter(({ path = "" }) => path.startsWith("programs/"));
  expect(programs.length).toBeGreaterThan(0);
  const printed = await Promise.all(programs.map(({ file }) => runNode([file])));
  expect(printed).toStrictEqual(programs.map(({ next }) => next?.code));
});

function runNode(commandLine: readonly string[]): Promise<string> {
  return run(process.execPath, ["--conditions=ratchet-source", ...commandLine], {
    DATABASE_URL: database.url,
    // So that the test kit starts no Postgres of its own.
    RATCHET_TEST_DATABASE_URL: inject("testServerUrl"),
    NODE_TEST_CONTEXT: undefined,
  });
}
