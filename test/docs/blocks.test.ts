import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { buildSchema, parse, validate } from "graphql";
import { parseCrontab } from "graphile-worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseDocument } from "yaml";

import { findAnyPython } from "../support/programs.ts";
import { type Block, readBlocks, readPages, ROOT } from "./pages.ts";

/** Languages that other files of this folder test. */
const TESTED_ELSEWHERE = ["sql", "ts", "sh"];
/** What programs print: it holds times, numbers and widths of the moment. Its commands are tested. */
const OUTPUT = "text";

const SCHEMA = join(ROOT, "schema.graphql");
const python = findAnyPython();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ratchet-docs-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Each throws on a block that is wrong. */
const CHECKS: Readonly<Record<string, (block: Block) => void | Promise<void>>> = {
  json: ({ code }) => {
    JSON.parse(code);
  },
  yaml: ({ code }) => {
    const [problem] = parseDocument(code).errors;
    if (problem !== undefined) {
      throw problem;
    }
  },
  js: async ({ code }) => {
    const file = join(folder, "block.mjs");
    await writeFile(file, code);
    execFileSync(process.execPath, ["--check", file], { stdio: "pipe" });
  },
  python: ({ code }) => {
    if (python !== null) {
      execFileSync(python, ["-c", "import sys; compile(sys.stdin.read(), 'block', 'exec')"], {
        input: code,
        stdio: "pipe",
      });
    }
  },
  graphql: async ({ code }) => {
    const [problem] = validate(buildSchema(await readFile(SCHEMA, "utf8")), parse(code));
    if (problem !== undefined) {
      throw problem;
    }
  },
  crontab: ({ code }) => {
    if (parseCrontab(code).length === 0) {
      throw new Error("The crontab has no entry.");
    }
  },
  dockerfile: ({ code }) => {
    const unknown = code.split("\n").find((line) => !/^(?:$|#|\s|[A-Z]+ )/v.test(line));
    if (unknown !== undefined) {
      throw new Error(`No instruction of a Dockerfile: ${unknown}`);
    }
  },
};

test("every block of the documents has a language that a test handles", async () => {
  const handled = new Set([...Object.keys(CHECKS), ...TESTED_ELSEWHERE, OUTPUT]);
  const pages = await readPages();
  const unhandled = pages.flatMap((page) => page.blocks).filter(({ language }) => !handled.has(language));
  expect(unhandled.map(({ place, language }) => `${place}: "${language}"`)).toStrictEqual([]);
});

/** What is wrong with the blocks. */
async function problemsOf(language: string, blocks: readonly Block[]): Promise<string[]> {
  const problems: string[] = [];
  for (const block of blocks) {
    try {
      await CHECKS[language]?.(block);
    } catch (error) {
      problems.push(`${block.place}: ${String(error)}\n${block.code}`);
    }
  }
  return problems;
}

test.each(Object.keys(CHECKS))(
  `blocks of %s are right${python === null ? " (no Python here: its blocks are not read)" : ""}`,
  async (language) => {
    expect(await problemsOf(language, await readBlocks(language))).toStrictEqual([]);
  },
);

test.each<[string, string]>([
  ["json", "{a: 1}"],
  ["yaml", "a: [1"],
  ["js", "const = 1;"],
  ["dockerfile", "copy . ."],
  ["crontab", "0 25 * * * send"],
  ["graphql", "{ nothing }"],
  ...(python === null ? [] : [["python", "def f(:"] satisfies [string, string]]),
])("a wrong block of %s is found out", async (language, code) => {
  const block: Block = { place: "here", language, code, path: undefined, next: undefined };
  expect(await problemsOf(language, [block])).toHaveLength(1);
});
