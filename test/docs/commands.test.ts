import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { readBlocks, ROOT } from "./pages.ts";

/** What a command line in the documents begins with, beside Ratchet's own. */
const PROGRAMS = new Set([
  "cat",
  "cd",
  "createdb",
  "curl",
  "docker",
  "export",
  "git",
  "kill",
  "mkdir",
  "node",
  "npm",
  "npx",
  "pg_dump",
  "pg_restore",
  "psql",
  "python3",
]);

interface CommandLine {
  readonly place: string;
  readonly words: readonly string[];
}

/** The single commands of a line: without comments, settings in front, redirections; parts of `&&`, `|` and `;` apart. */
function commandsOf(line: string): string[][] {
  const words = [
    ...line.matchAll(
      /"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<separator>&&?|\|\|?|;)|(?<comment>(?:^|\s)#.*$)|(?<word>(?:(?!&)[^\s"'\|;])+)/gv,
    ),
  ];
  const commands: string[][] = [[]];
  for (const { groups } of words) {
    const { double, single, separator, comment, word } = groups ?? {};
    if (comment !== undefined) {
      break;
    }
    if (separator === undefined) {
      commands.at(-1)?.push(double ?? single ?? word ?? "");
    } else {
      commands.push([]);
    }
  }
  return commands.map(withoutSettings).filter((command) => command.length > 0);
}

function withoutSettings(words: readonly string[]): string[] {
  const start = words.findIndex((word) => !/^[A-Z_]+=/v.test(word));
  const command = start === -1 ? [] : words.slice(start);
  const redirection = command.findIndex((word) => /^\d?[<>]/v.test(word));
  return redirection === -1 ? command : command.slice(0, redirection);
}

async function readCommands(): Promise<CommandLine[]> {
  const blocks = await readBlocks("sh");
  return blocks.flatMap(({ place, code }) =>
    code
      .replaceAll("\\\n", " ")
      .split("\n")
      .flatMap((line) => commandsOf(line).map((words) => ({ place, words }))),
  );
}

test("every command in the documents is a program's", async () => {
  const commands = await readCommands();
  expect(commands.length).toBeGreaterThan(5);
  const unknown = commands.filter(({ words: [program = ""] }) => program !== "ratchet" && !PROGRAMS.has(program));
  expect(unknown).toStrictEqual([]);
});

test("every npm script in the documents exists", async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  const named = (await readCommands()).flatMap(({ place, words: [program, verb = "", script = ""] }) => {
    const isScript = program === "npm" && ["run", "start", "test"].includes(verb);
    return isScript ? [{ place, script: verb === "run" ? script : verb }] : [];
  });
  expect(named.filter(({ script }) => !Object.hasOwn(scripts, script))).toStrictEqual([]);
});

test("every file that a command in the documents names is there", async () => {
  const files = (await readCommands()).flatMap(({ place, words }) =>
    words.filter((word) => /^(?:examples|docs|test)\/\S+\.\w+$/v.test(word)).map((file) => ({ place, file })),
  );
  expect(files.filter(({ file }) => !existsSync(join(ROOT, file)))).toStrictEqual([]);
});
