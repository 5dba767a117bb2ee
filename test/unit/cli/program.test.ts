import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { EXIT_CODES } from "../../../src/cli/exitCodes.ts";
import { type CliSettings, runRatchet } from "../../support/cli.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "ratchet-cli-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs a command line that must not get as far as a database. */
function run(commandLine: readonly string[], { env = {}, ...given }: CliSettings = {}) {
  const unreachable = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" };
  return runRatchet(commandLine, { folder, env: { ...unreachable, ...env }, ...given });
}

describe("the command line", () => {
  test("an error that a terminal has no room for is broken between words", async () => {
    const line = ["add", "x", "--payload", "{}", "--payload-file", "y"];
    const whole = (await run(line)).err;
    const { err } = await run(line, { errorColumns: 40 });
    expect(Math.max(...whole.split("\n").map(({ length }) => length))).toBeGreaterThan(40);
    expect(err.split("\n").filter(({ length }) => length > 40)).toStrictEqual([]);
    expect(err.split(/\s+/v)).toStrictEqual(whole.split(/\s+/v));
  });

  test("--help lists commands, settings and exit statuses on standard output, with status 0", async () => {
    const { out, err, exitCode } = await run(["--help"]);
    for (const word of ["up", "migrate", "worker", "add", "show", "sql", "RATCHET_DATA_DIR", "130"]) {
      expect(out).toContain(word);
    }
    expect([err, exitCode]).toStrictEqual(["", 0]);
  });

  test("without a command prints the help to standard error, with status 2", async () => {
    const { out, err, exitCode } = await run([]);
    expect(err).toContain("Usage: ratchet [options] [command]");
    expect([out, exitCode]).toStrictEqual(["", EXIT_CODES.usage.code]);
  });

  test("help shows a command's help, in lines of 80 columns", async () => {
    const { out, exitCode } = await run(["help", "doctor"]);
    expect(out).toBe((await run(["doctor", "--help"])).out);
    expect(exitCode).toBe(0);
    const lines = (await run(["--help"])).out.split("\n");
    expect(lines.filter((line) => line.length > 80)).toStrictEqual([]);
  });

  test("--version prints the package's version", async () => {
    expect((await run(["--version"])).out).toMatch(/^\d+\.\d+\.\d+\n$/v);
  });

  test.each([
    { commandLine: ["shwo", "1"], says: "Did you mean show?" },
    { commandLine: ["show", "one"], says: "whole number" },
    { commandLine: ["show", "99999999999999999999"], says: "whole number" },
    { commandLine: ["show"], says: "missing required argument 'id'" },
    { commandLine: ["add", "x", "--retry-delay", "3"], says: '"10 s"' },
    { commandLine: ["add", "x", "--max-attempts", "0"], says: "from 1 to" },
    { commandLine: ["add", "x", "--run-at", "soon"], says: "2026-11-24T09:00" },
    { commandLine: ["add", "x", "--job-key-mode", "other"], says: "unsafe_dedupe" },
    { commandLine: ["add", "x", "--payload", "{}", "--payload-file", "y"], says: "cannot be used with" },
    { commandLine: ["add", "x", "--payload", "@product.json"], says: "To read a file: --payload-file product.json" },
    {
      commandLine: ["add", "x", "--payload", "{\n  title: 1\n}"],
      says: /^ratchet: .*not JSON: .*at position \d+.*\n/v,
    },
    { commandLine: ["up", "--port", "70000"], says: "to 65535" },
    { commandLine: ["sql", "select 1", "--jsno"], says: "Did you mean --json?" },
  ])("$commandLine is refused with advice and status 2", async ({ commandLine, says }) => {
    const { err, out, exitCode } = await run(commandLine);
    expect(err).toMatch(says);
    expect([out, exitCode]).toStrictEqual(["", EXIT_CODES.usage.code]);
  });
});

describe("a payload", () => {
  test.each([
    { given: ["--payload", "{a"], input: "", says: "is not JSON", code: "RT110" },
    { given: ["--payload", "[1]"], input: "", says: "holds a list", code: "RT002" },
    { given: ["--payload", "null"], input: "", says: "holds null", code: "RT002" },
    { given: ["--payload", "3"], input: "", says: "holds a number", code: "RT002" },
    { given: ["--payload-file", "/nowhere/at/all.json"], input: "", says: "no such file", code: "RT110" },
    { given: ["--payload-file", "/"], input: "", says: "it is a folder", code: "RT110" },
    { given: ["--payload-file", "-"], input: "nonsense", says: "Standard input is not JSON", code: "RT110" },
  ])("$given is refused: $says", async ({ given, input, says, code }) => {
    const { err, exitCode } = await run(["add", "x", ...given], { input });
    expect(err).toContain(says);
    expect(err).toContain(code);
    expect(err).not.toMatch(/^ +at /mv);
    expect(exitCode).toBe(EXIT_CODES.usage.code);
  });

  test("in a file with a byte order mark gets as far as the database", async () => {
    const file = join(folder, "payload.json");
    await writeFile(file, '\uFEFF{"title": "Jacket"}');
    expect((await run(["add", "x", "--payload-file", file])).err).toContain("RT101");
  });
});

describe("an error", () => {
  test("of an unreachable database says where it was looked for and what to do, with status 4", async () => {
    const { err, exitCode } = await run(["show", "1"]);
    expect(err.split("\n")).toStrictEqual([
      expect.stringMatching(/^ratchet: Postgres cannot be reached: .*127\.0\.0\.1:1/v),
      expect.stringMatching(/^ {2}hint: .*DATABASE_URL/v),
      "  code: RT101 (database_unreachable)",
      "",
    ]);
    expect(exitCode).toBe(EXIT_CODES.database.code);
  });

  test("shows its stack only with --debug, wherever that stands", async () => {
    expect((await run(["show", "1"])).err).not.toMatch(/^ +at /mv);
    expect((await run(["show", "1", "--debug"])).err).toMatch(/^ +at /mv);
    expect((await run(["--debug", "show", "1"])).err).toContain("caused by:");
  });

  test("of the settings names all that is wrong", async () => {
    const { err, exitCode } = await run(["show", "1"], { env: { RATCHET_CONCURRENCY: "0", RATCHET_TASK: "x" } });
    expect(err).toContain("RATCHET_CONCURRENCY");
    expect(err).toContain("did you mean RATCHET_TASKS?");
    expect(exitCode).toBe(EXIT_CODES.usage.code);
  });

  test("of a data folder that cannot be made is RT105, with status 5", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const { err, exitCode } = await run(["up"], { env: { RATCHET_DATA_DIR: join(file, "data") } });
    expect(err).toContain(`The data folder ${join(file, "data")} cannot be written (ENOTDIR).`);
    expect(exitCode).toBe(EXIT_CODES.machine.code);
  });
});
