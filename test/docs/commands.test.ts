import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { expect, test } from "vitest";

import { createContext } from "../../src/cli/context.ts";
import { createProgram } from "../../src/cli/program.ts";
import { problemOf } from "./commandCheck.ts";
import { commandLinesOf, ratchetArguments, readCommandLines, readInlineCommands } from "./commandLines.ts";
import { ROOT } from "./pages.ts";

/** What a command line in the documents begins with, beside Ratchet's own. */
const PROGRAMS = new Set([
  "cd",
  "createdb",
  "curl",
  "docker",
  "git",
  "kill",
  "mkdir",
  "node",
  "npm",
  "npx",
  "pg_dump",
  "psql",
  "python3",
  "tr",
]);

function program(): CommandUnknownOpts {
  return createProgram(createContext());
}

test("every command in the documents is a program's", async () => {
  const commands = await readCommandLines();
  expect(commands.length).toBeGreaterThan(5);
  const unknown = commands.filter(({ words: [name = ""] }) => name !== "ratchet" && !PROGRAMS.has(name));
  expect(unknown).toStrictEqual([]);
});

test("every command of ratchet in the documents exists, with the options and arguments it is given", async () => {
  const problems = (await readCommandLines()).flatMap((line) => {
    const words = ratchetArguments(line);
    const problem = words === null ? undefined : problemOf(program(), words);
    return problem === undefined ? [] : [`${line.place}: ${problem}`];
  });
  expect(problems).toStrictEqual([]);
});

test("every command of ratchet in a sentence exists, with the options it is given", async () => {
  const problems = (await readInlineCommands()).flatMap((line) => {
    const problem = problemOf(program(), ratchetArguments(line) ?? [], { isComplete: false });
    return problem === undefined ? [] : [`${line.place}: ${line.words.join(" ")}: ${problem}`];
  });
  expect(problems).toStrictEqual([]);
});

test.each([
  ["ratchet shwo 1", 'there is no command "shwo"'],
  ["npm run ratchet -- show --jsno 1", '"show" has no option --jsno'],
  ["ratchet show", '"show" takes 1 to 1 arguments, not 0: '],
  ["ratchet add x --job-key-mode sometimes", "--job-key-mode cannot be sometimes"],
  ["ratchet retry $(ratchet jbos --ids)", 'there is no command "jbos"'],
  ["DATABASE_URL=x ratchet show 1 --json > out.json # and so on", undefined],
])("%s: %s", (code, problem) => {
  const block = { place: "here", language: "sh", code, path: undefined, next: undefined };
  const problems = commandLinesOf(block).map((line) => problemOf(program(), ratchetArguments(line) ?? []));
  expect(problems.find((found) => found !== undefined)).toBe(problem);
});

test("every npm script in the documents exists", async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const named = (await readCommandLines()).flatMap(({ place, words }) => {
    const [name, verb = "", script = ""] = words.filter((word) => word !== "--silent");
    const isScript = name === "npm" && ["run", "start", "test"].includes(verb);
    return isScript ? [{ place, script: verb === "run" ? script : verb }] : [];
  });
  expect(named.filter(({ script }) => !Object.hasOwn(scripts, script))).toStrictEqual([]);
});

test("every file that a command in the documents names is there", async () => {
  const files = (await readCommandLines()).flatMap(({ place, words }) =>
    words.filter((word) => /^(?:examples|docs|test)\/\S+\.\w+$/v.test(word)).map((file) => ({ place, file })),
  );
  expect(files.filter(({ file }) => !existsSync(join(ROOT, file)))).toStrictEqual([]);
});
