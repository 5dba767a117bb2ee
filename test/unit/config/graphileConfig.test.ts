import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { expect, inject, test } from "vitest";

import { loadConfig } from "../../../src/config/config.ts";
import { readGraphileConfig } from "../../../src/config/graphileConfig.ts";

function projectWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(inject("testRunFolder"), "project-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

test("without a file the defaults count", async () => {
  const projectFolder = projectWith({});
  expect(await readGraphileConfig(projectFolder)).toStrictEqual({});
  expect(await loadConfig({ environment: {}, projectFolder })).toMatchObject({ port: 5678, concurrency: 100 });
});

test.each([
  ["graphile.config.ts", "const port: number = 6000; export default { ratchet: { port } };"],
  ["graphile.config.mts", "export default { ratchet: { port: 6000 } };"],
  ["graphile.config.mjs", "export default { ratchet: { port: 6000 } };"],
  ["graphile.config.cjs", "module.exports = { ratchet: { port: 6000 } };"],
  ["graphile.config.js", "exports.__esModule = true; exports.default = { ratchet: { port: 6000 } };"],
])("reads %s", async (name, text) => {
  const projectFolder = projectWith({ [name]: text });
  expect(await loadConfig({ environment: {}, projectFolder })).toMatchObject({ port: 6000 });
});

test("what is extended counts, the later one before the earlier, the preset itself before both, key by key", async () => {
  const projectFolder = projectWith({
    "presets.mjs": `
      export const first = { ratchet: { port: 1, host: "first", concurrency: 1 }, worker: { pollInterval: 1 } };
      export const second = { extends: [{ ratchet: { concurrency: 7, host: "inner" } }], ratchet: { host: "second" } };`,
    "graphile.config.mjs": `
      import { first, second } from "./presets.mjs";
      export default { extends: [first, second], ratchet: { port: 3 }, worker: { schema: "queue" }, grafserv: {} };`,
  });
  expect(await loadConfig({ environment: {}, projectFolder })).toMatchObject({
    port: 3,
    host: "second",
    concurrency: 7,
    pollIntervalMs: 1,
    schemas: { ratchet: "ratchet", graphileWorker: "queue" },
  });
});

test("what RatchetPreset sets for graphile-worker's own command is no setting of the project", async () => {
  const ratchetPreset = JSON.stringify(
    pathToFileURL(path.join(import.meta.dirname, "../../../src/worker/index.ts")).href,
  );
  const preset = `import { RatchetPreset } from ${ratchetPreset};`;
  const projects = [
    `export default { extends: [RatchetPreset] };`,
    `export default { extends: [{ worker: { concurrentJobs: 1 } }, RatchetPreset] };`,
    `export default { extends: RatchetPreset, worker: { concurrentJobs: 3 } };`,
  ].map((exported) => projectWith({ "graphile.config.ts": `${preset}\n${exported}` }));
  const settings = await Promise.all(projects.map((projectFolder) => loadConfig({ environment: {}, projectFolder })));
  expect(settings.map(({ concurrency }) => concurrency)).toStrictEqual([100, 100, 3]);
});

test("a value that is made when it is read, and that is no setting of ours, is not made", async () => {
  const projectFolder = projectWith({
    "graphile.config.mjs": `
      const base = { worker: { get logger() { throw new Error("too early"); } } };
      export default { extends: [base], worker: { concurrentJobs: 3 } };`,
  });
  expect(await loadConfig({ environment: {}, projectFolder })).toMatchObject({ concurrency: 3 });
});

test.each([
  ["that throws", "throw new Error('no such thing');", /graphile\.config\.mjs cannot be loaded: no such thing\.$/v],
  ["with a missing package", "import 'no-such-package';", /cannot be loaded: .*no-such-package/v],
  ["without a preset", "export const preset = {};", /has no default export that is a preset\.$/v],
  [
    "that extends nothing that is there",
    "export default { extends: [undefined] };",
    /extends something that is no preset\.$/v,
  ],
  [
    "with a scope that is no object",
    "export default { ratchet: 5678 };",
    /^ratchet in .*graphile\.config\.mjs is no object\.$/v,
  ],
])("a file %s is refused (RT110)", async (_, text, message) => {
  const projectFolder = projectWith({ "graphile.config.mjs": text });
  await expect(loadConfig({ environment: {}, projectFolder })).rejects.toMatchObject({
    code: "RT110",
    message: expect.stringMatching(message),
  });
});

test("its mistakes are told together with those of the environment, by its name", async () => {
  const projectFolder = projectWith({
    "graphile.config.mjs": "export default { ratchet: { prot: 6000, concurrency: 0 } };",
  });
  await expect(loadConfig({ environment: { RATCHET_PORT: "x" }, projectFolder })).rejects.toMatchObject({
    code: "RT110",
    message: [
      "ratchet.prot in graphile.config.mjs is no setting of Ratchet; did you mean port?",
      "ratchet.concurrency in graphile.config.mjs is 0: write a whole number from 1 to 10000.",
      'RATCHET_PORT is "x": write a whole number from 0 to 65535.',
    ].join("\n"),
  });
});
