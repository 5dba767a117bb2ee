import { expect, test } from "vitest";

import { runCommand } from "../support/command.ts";

/** Lets the command take the Node that runs it for another version. */
function pretending(version: string): string {
  const code = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
  return `--import data:text/javascript,${encodeURIComponent(code)}`;
}

test("a Node that is too old is told at once, before anything is loaded that it does not know", async () => {
  const { exit, output, errors } = await runCommand(["--version"], { NODE_OPTIONS: pretending("20.20.2") });
  expect({ exit, output }).toStrictEqual({ exit: 5, output: "" });
  expect(errors.split("\n")).toStrictEqual([
    "ratchet: Node 22.18 or later is needed, and this is Node 20.20.2.",
    expect.stringMatching(/^ {2}hint: Install a newer Node/v),
    "",
  ]);
});

test("the oldest Node that will do starts", async () => {
  expect(await runCommand(["--version"], { NODE_OPTIONS: pretending("22.18.0") })).toMatchObject({
    exit: 0,
    errors: "",
  });
});
