import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { addPublish, useSql } from "../sql/fixtures.ts";
import { type RunningCommand, runCommand, startCommand } from "../support/command.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { SCHEMA_SETTINGS, TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";
import { ask } from "./server.ts";

const PROJECT = join(import.meta.dirname, "../..");

const sql = useSql();
const started: ChildProcess[] = [];

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
});

function serve(...options: string[]): RunningCommand {
  const command = startCommand(["serve", ...options], { DATABASE_URL: sql.url(), ...SCHEMA_SETTINGS });
  started.push(command.child);
  return command;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => {
        resolve(port);
      });
    });
  });
}

const JOB = "query ($id: BigInt!) { job(id: $id) { status tasks { nodes { name } } } }";
const PLANNED = {
  data: {
    job: {
      status: "PENDING",
      tasks: { nodes: [{ name: "Validate product" }, { name: "Upload image 1/1" }, { name: "Create listing" }] },
    },
  },
  errors: [],
};

describe("ratchet serve", () => {
  test("serves on the wanted port until SIGTERM, and says where", async () => {
    const { id } = await addPublish(sql, ["a"]);
    const port = await freePort();
    const command = serve("--port", String(port));
    await waitUntil(() => command.errors().includes("NO AUTHENTICATION"), { what: "the address" });
    expect(command.errors()).toContain(
      `GraphQL is at http://127.0.0.1:${port}/graphql; try it in a browser: http://127.0.0.1:${port}/ruru\n`,
    );
    expect(await ask({ url: `http://127.0.0.1:${port}` }, JOB, { id })).toMatchObject(PLANNED);
    command.child.kill("SIGTERM");
    expect(await command.ended).toBe(0);
    const lines = command
      .output()
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
    expect(lines).toStrictEqual([
      "server started",
      "there is no authentication: whoever uses this machine reads and changes every job",
      "server stopped",
    ]);
  });

  test("says plainly that the port is taken, the address refused, the database not migrated", async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, "127.0.0.1", () => {
        resolve((blocker.address() as { port: number }).port);
      });
    });
    const settings = { DATABASE_URL: sql.url(), ...SCHEMA_SETTINGS };
    const taken = await runCommand(["serve", "--port", String(port)], settings);
    blocker.close();
    expect(taken).toMatchObject({ exit: 5, errors: expect.stringContaining(`--port ${port + 1}`) });
    const remote = await runCommand(["serve", "--host", "0.0.0.0", "--port", "0"], settings);
    expect(remote).toMatchObject({ exit: 2, errors: expect.stringContaining("serves this machine only") });
    const empty = await createEmptyDatabase();
    try {
      const unmigrated = await runCommand(["serve", "--port", "0"], { ...settings, DATABASE_URL: empty.url });
      expect(unmigrated).toMatchObject({ exit: 4, errors: expect.stringContaining("RT106") });
    } finally {
      await empty.drop();
    }
  });
});

/** Starts a command of somebody else's that reads the project's graphile.config.ts. */
function startForeign(name: string, commandLine: string) {
  const script = join(PROJECT, "node_modules/.bin", name);
  const child = spawn(process.execPath, [script, ...commandLine.split(" ")], {
    cwd: PROJECT,
    // The file names no schema: it means the default ones, or those of the environment.
    env: {
      ...process.env,
      ...SCHEMA_SETTINGS,
      NODE_OPTIONS: "--conditions=ratchet-source",
      GRAPHILE_ENV: "production",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let output = "";
  const listen = (text: string): void => {
    output += text;
  };
  child.stdout.setEncoding("utf8").on("data", listen);
  child.stderr.setEncoding("utf8").on("data", listen);
  return { child, output: () => output };
}

describe("with the project's graphile.config.ts", () => {
  test("PostGraphile's own command serves the same API, with its orders and its limits", async () => {
    const { id } = await addPublish(sql, ["a"]);
    const port = await freePort();
    const { output } = startForeign(
      "postgraphile",
      `--connection ${sql.url()} --schema ${TEST_SCHEMAS.ratchet} --host 127.0.0.1 --port ${port}`,
    );
    await waitUntil(() => output().includes("Server listening"), { what: "PostGraphile to listen" });
    const server = { url: `http://127.0.0.1:${port}` };
    expect(await ask(server, JOB, { id })).toMatchObject(PLANNED);
    expect(await ask(server, "{ jobs(first: 101) { totalCount } }")).toMatchObject({
      errors: [{ extensions: { code: "RT132" } }],
    });
    expect(await ask(server, "mutation { cancelJob(input: { jobId: 999999 }) { job { id } } }")).toMatchObject({
      errors: [{ extensions: { code: "RT013" } }],
    });
    expect((await fetch(`${server.url}/ruru`)).status).toBe(200);
  });

  test("graphile-worker's own command starts with it and ends", async () => {
    const { child, output } = startForeign(
      "graphile-worker",
      `--connection ${sql.url()} --schema ${TEST_SCHEMAS.graphileWorker} --once`,
    );
    const [status] = (await once(child, "exit")) as [number | null];
    expect({ status, output: status === 0 ? "" : output() }).toStrictEqual({ status: 0, output: "" });
  });
});
