import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createLogger } from "../../src/telemetry/logger.ts";
import { importTaskFile } from "../../src/worker/importTaskFile.ts";
import { loadTaskFiles } from "../../src/worker/taskFiles.ts";

const log = createLogger({ level: "silent" });
const INDEX = pathToFileURL(join(import.meta.dirname, "../../src/index.ts")).href;
const DEFINITION = `import { defineJob } from ${JSON.stringify(INDEX)};
export default defineJob().task("only", () => {});`;
const definitionNamed = (identifier: string) =>
  DEFINITION.replace("defineJob()", `defineJob({ identifier: "${identifier}" })`);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ratchet-tasks-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function problem(): Promise<{ code: string; message: string; hint: string }> {
  return loadTaskFiles(folder, log).then(
    () => {
      throw new Error("It was loaded.");
    },
    (error: unknown) => error as { code: string; message: string; hint: string },
  );
}

test("definitions and plain task files are told apart, in every ending, and sub-folders are part of the identifier", async () => {
  write({
    "publish.ts": DEFINITION,
    "resize.mjs": DEFINITION,
    "report.js": DEFINITION,
    "package.json": '{ "type": "module" }',
    "billing/close_month.ts": DEFINITION,
    "billing/eu/vat.ts": DEFINITION,
    "send_email.js": "export default async () => {};",
    "legacy.cjs": "module.exports = async () => {};",
    "renamed.ts": definitionNamed("other_name"),
  });
  const { definitions, plainTasks } = await loadTaskFiles(folder, log);
  expect([...definitions.keys()].toSorted()).toStrictEqual([
    "billing/close_month",
    "billing/eu/vat",
    "other_name",
    "publish",
    "report",
    "resize",
  ]);
  expect(Object.keys(plainTasks).toSorted()).toStrictEqual(["legacy", "send_email"]);
});

test("a CommonJS file may export a definition", async () => {
  write({ "old.cjs": `module.exports = import(${JSON.stringify(INDEX)});` });
  expect(await problem()).toMatchObject({ code: "RT111" });
  write({
    "old.cjs": `const { defineJob } = require(${JSON.stringify(new URL(INDEX).pathname)});
module.exports = { default: defineJob().task("only", () => {}) };`,
  });
  const { definitions } = await loadTaskFiles(join(folder), log).catch(() => ({ definitions: new Map() }));
  // The first version of the file is in the module cache of this process.
  expect(definitions.size).toBe(0);
});

test("a folder that does not exist, or is a file, is named", async () => {
  await expect(loadTaskFiles(join(folder, "nowhere"), log)).rejects.toMatchObject({
    code: "RT111",
    message: expect.stringContaining(join(folder, "nowhere")),
  });
  write({ "file.ts": DEFINITION });
  await expect(loadTaskFiles(join(folder, "file.ts"), log)).rejects.toMatchObject({ code: "RT111" });
});

test("an empty folder is nothing wrong by itself", async () => {
  const { definitions, plainTasks } = await loadTaskFiles(folder, log);
  expect([definitions.size, Object.keys(plainTasks)]).toStrictEqual([0, []]);
});

test.each([
  ["throws on import", "throw new Error('no such setting');", /: no such setting/v],
  ["does not parse", "export default defineJob(", /cannot be loaded/v],
  [
    "exports neither a definition nor a function",
    "export default { hello: 'world' };",
    /has no default export made by defineJob, and is no graphile-worker task either\.$/v,
  ],
  ["rejects on import", "await Promise.reject(new Error('no such server'));", /: no such server/v],
  ["throws nothing on import", "throw undefined;", /cannot be loaded: undefined/v],
  ["throws what cannot be read", "throw Object.create(null);", /cannot be loaded/v],
  [
    "exports a getter that throws",
    "export default { get default() { throw new Error('no luck'); } };",
    /no luck|has no default export/v,
  ],
  ["exports something of another kind", "export default 42;", /has no default export made by defineJob/v],
  ["is empty", "", /has no default export made by defineJob/v],
  ["is 5 MB of something else", `/* ${"x".repeat(5_000_000)} */ nonsense(`, /cannot be loaded/v],
  [
    "has one key twice",
    DEFINITION.replace(".task(", '.task("only", () => {}).task('),
    /The key "only" is used by two tasks/v,
  ],
  ["exports nothing", "export const helper = () => 1;", /has no default export made by defineJob/v],
])("a file that %s is named, with the reason", async (_title, text, reason) => {
  write({ "broken.ts": text });
  const { code, message } = await problem();
  expect(code).toBe("RT111");
  expect(message).toContain(join(folder, "broken.ts"));
  expect(message).toMatch(reason);
});

test.each([
  ["two files of one name", { "publish.ts": DEFINITION, "publish.mjs": DEFINITION }],
  ["a file and a definition that names itself so", { "publish.ts": DEFINITION, "zz.ts": definitionNamed("publish") }],
  [
    "a definition and a plain task file",
    { "publish.ts": "export default () => {};", "zz.ts": definitionNamed("publish") },
  ],
])("%s are refused, both named", async (_title, files) => {
  write(files);
  const { code, message, hint } = await problem();
  expect(code).toBe("RT111");
  expect(message).toContain('both define "publish"');
  expect(hint).toContain("An identifier has one definition");
});

test("a file that is never done loading is named after a while", async () => {
  write({ "waits.ts": "await new Promise(() => {});" });
  const error = await importTaskFile(join(folder, "waits.ts"), 50).catch((error_: unknown) => error_);
  expect(error).toMatchObject({
    code: "RT111",
    message: expect.stringContaining("waits.ts is still being loaded after 0.05 s"),
    hint: expect.stringContaining("top-level await"),
  });
});

test("a file whose path is no identifier is refused", async () => {
  write({ [`${"long/".repeat(26)}a.ts`]: DEFINITION });
  expect(await problem()).toMatchObject({ code: "RT111", message: expect.stringContaining("1 to 128 characters") });
});

test("an identifier in every script comes from the definition; of files, those with letters, digits, _ and - count", async () => {
  const names = ["Publish", "publish", "\u0645\u0631\u062D\u0628\u0627", "a'b", "a;b", "a b", "\u{1F600}".repeat(64)];
  write(Object.fromEntries(names.map((name, n) => [`file-${n}.ts`, definitionNamed(name)])));
  write({ "a b.ts": DEFINITION, "\u00FCber.ts": DEFINITION, "Case.ts": DEFINITION, "case.ts": DEFINITION });
  const { definitions } = await loadTaskFiles(folder, log);
  const expected = [...names, ...readdirSync(folder).flatMap((file) => /^(?<stem>case)\.ts$/iv.exec(file)?.[1] ?? [])];
  expect([...definitions.keys()].toSorted()).toStrictEqual(expected.toSorted());
});
