import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { COMMAND_NAMES } from "../../../src/cli/commandNames.ts";
import { describeExitCodes } from "../../../src/cli/exitCodes.ts";
import { textWidth } from "../../../src/cli/output/text.ts";
import { createProgram } from "../../../src/cli/program.ts";
import { problemOf } from "../../docs/commandCheck.ts";
import { commandLinesOf, ratchetArguments } from "../../docs/commandLines.ts";
import { createTestContext, runRatchet } from "../../support/cli.ts";

const PAGE = join(import.meta.dirname, "../../../docs/commands.md");

const program = () => createProgram(createTestContext({ out: "", err: "", exitCode: 0 }));

test("the list of names, which hints go by, is the program's", () => {
  const names = program().commands.map((command) => command.name());
  expect(names.toSorted()).toStrictEqual([...COMMAND_NAMES].toSorted());
});

test.each(COMMAND_NAMES)("ratchet %s --help has examples that the program takes, and fits 80 columns", async (name) => {
  const { out, exitCode } = await runRatchet([name, "--help"]);
  expect(exitCode).toBe(0);
  expect(out.split("\n").filter((line) => textWidth(line) > 80 && !line.startsWith("  ratchet "))).toStrictEqual([]);
  const examples = out.split("\nExamples:\n")[1] ?? "";
  const code = examples
    .split("\n")
    .filter((line) => !line.startsWith("  #"))
    .join("\n");
  const lines = commandLinesOf({ place: name, language: "sh", code, path: undefined, next: undefined });
  const problems = lines.flatMap((line) => {
    const words = ratchetArguments(line);
    return words === null ? [] : (problemOf(program(), words) ?? []);
  });
  expect(problems).toStrictEqual([]);
  expect(examples).toMatch(new RegExp(`\\bratchet ${name}\\b`, "v"));
});

test("examples are shown as the user types them", async () => {
  const { out } = await runRatchet(["reschedule", "--help"], { command: "npm run ratchet --" });
  expect(out).toContain("\n  npm run ratchet -- reschedule $(npm run ratchet -- jobs ");
});

/** What docs/commands.md shows of the program: each command's help, and the exit statuses. */
async function generatedBlocks(): Promise<Map<string, string>> {
  const helps = await Promise.all(
    COMMAND_NAMES.map(async (name) => (await runRatchet([name, "--help"])).out.trimEnd()),
  );
  return new Map([
    ["exit statuses", describeExitCodes().join("\n")],
    ...COMMAND_NAMES.map((name, index): [string, string] => [name, helps[index] ?? ""]),
  ]);
}

// UPDATE_COMMANDS_PAGE=1 writes the blocks anew.
test("docs/commands.md shows each command's help and the exit statuses as they are", async () => {
  const page = await readFile(PAGE, "utf8");
  let current = page;
  for (const [name, text] of await generatedBlocks()) {
    const block = new RegExp(
      String.raw`(<!-- generated: ${name} -->\n\n~~~text\n).*?(\n~~~\n)`.replaceAll("~~~", "```"),
      "sv",
    );
    expect(current, `the block of ${name}`).toMatch(block);
    current = current.replace(block, (_, start: string, end: string) => `${start}${text}${end}`);
  }
  if (process.env["UPDATE_COMMANDS_PAGE"] === "1") {
    await writeFile(PAGE, current);
    return;
  }
  expect(page).toBe(current);
});
