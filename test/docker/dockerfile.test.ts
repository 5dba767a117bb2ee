import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { createEmptyDatabase, type TestDatabase } from "../support/database.ts";
import { writeFiles } from "../package/packing.ts";
import { type Finished, type RunningProgram, startProgram } from "../package/programs.ts";
import { readCompose } from "./compose.ts";
import { buildImage, type BuiltImage, openToReaders } from "./dockerfile.ts";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const TASK = `import { defineJob } from "pg-ratchet";
import { z } from "zod";

export default defineJob({ payload: z.object({ names: z.array(z.string()) }) })
  .forEach("greet", "names", ({ input }): string => "Hello, " + input);
`;

// On the disk: an install with everything that builds is too much for memory.
const folder = mkdtempSync(join(tmpdir(), "ratchet-image-"));
const running: RunningProgram[] = [];
let image: BuiltImage;
let database: TestDatabase;

beforeAll(async () => {
  database = await createEmptyDatabase();
  openToReaders(folder);
  image = await buildImage(REPOSITORY, folder);
  // What the compose file mounts there is the user's folder.
  writeFiles(join(image.root, image.workdir), { "tasks/greet_all.ts": TASK });
}, 300_000);

afterAll(async () => {
  for (const { child, ended } of running) {
    child.kill("SIGKILL");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

/** Starts a container's process: the image's entry point with a service's command and environment, as the image's user. */
function startService(name: string, settings: NodeJS.ProcessEnv = {}, command?: readonly string[]): RunningProgram {
  const service = readCompose(REPOSITORY).services[name];
  const [program = "", ...parameters] = [...image.entrypoint, ...(command ?? service?.command ?? image.command)];
  const started = startProgram([program, ...parameters], {
    folder: join(image.root, image.workdir),
    ...imageUser(),
    settings: { ...image.environment, ...service?.environment, DATABASE_URL: database.url, HOME: "/", ...settings },
  });
  running.push(started);
  return started;
}

/** Only root can become another user, and that one may not reach Node in a closed home folder. */
function imageUser(): { uid?: number | undefined; gid?: number | undefined } {
  const [uid, gid] = (image.user ?? "").split(":").map(Number);
  const isPossible = process.getuid?.() === 0 && spawnSync(process.execPath, ["--version"], { uid, gid }).status === 0;
  return isPossible ? { uid, gid } : {};
}

function runService(name: string, command?: readonly string[]): Promise<Finished> {
  return startService(name, {}, command).ended;
}

test("the image is Debian's with the Node that the tests run on, and its process no root's", () => {
  expect(image.baseImage).toBe(`node:${process.versions.node.split(".")[0]}-trixie-slim`);
  expect(image).toMatchObject({ user: "1000:1000", stopSignal: "SIGTERM", command: ["worker"] });
});

test("what the steps build runs migrations, a worker and a definition", async () => {
  expect(await runService("migrate")).toMatchObject({ exit: 0, output: expect.stringContaining("000001_core") });
  const worker = startService("worker");
  await worker.printed("worker started");
  const added = await runService("worker", ["add", "greet_all", "--payload", '{"names":["Ada","Bob"]}', "--watch"]);
  expect(added).toMatchObject({ exit: 0, output: expect.stringContaining("COMPLETED") });
  worker.child.kill(image.stopSignal as NodeJS.Signals);
  expect(await worker.ended).toMatchObject({ exit: 0, output: expect.stringContaining("worker stopped") });
}, 120_000);

test("the server of the compose file answers its own health check, and GraphQL to the browser's machine", async () => {
  const port = await freePort();
  const server = startService("server", { RATCHET_PORT: String(port) });
  await server.printed("server started");
  const [, program = "", ...parameters] = readCompose(REPOSITORY).services["server"]?.healthcheck?.test ?? [];
  const checked = startProgram([program, ...parameters.map((each) => each.replace(":5678", `:${port}`))], { folder });
  expect(await checked.ended).toStrictEqual({ exit: 0, output: "" });
  const answer = await fetch(`http://localhost:${port}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query: "{ jobs { nodes { identifier status } } }" }),
  });
  expect(await answer.json()).toMatchObject({
    data: { jobs: { nodes: [{ identifier: "greet_all", status: "COMPLETED" }] } },
  });
  server.child.kill(image.stopSignal as NodeJS.Signals);
  expect(await server.ended).toMatchObject({ exit: 0 });
}, 120_000);

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
