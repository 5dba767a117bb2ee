import { mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";

import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";
import { birthOf, isAlive } from "../../src/database/embedded/processes.ts";

/** The server that a test run uses. */
export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

const FOLDER_PREFIX = "ratchet-test-";
const ROOM_WANTED_BYTES = 2 * 1024 ** 3;
// Nothing here tests a power cut, and a test file may keep several pools.
const SETTINGS = { fsync: "off", full_page_writes: "off", max_connections: "300" };

/**
 * `RATCHET_TEST_DATABASE_URL` if given; else a container if a Docker engine answers or `RATCHET_TEST_DATABASE` is
 * `testcontainers`; else an embedded Postgres (always, if `RATCHET_TEST_DATABASE` is `embedded`).
 */
export async function startTestServer(): Promise<TestServer> {
  const url = process.env["RATCHET_TEST_DATABASE_URL"];
  if (url !== undefined && url !== "") {
    return { url, stop: async () => {} };
  }
  const wanted = process.env["RATCHET_TEST_DATABASE"];
  if (wanted === "testcontainers" || (wanted !== "embedded" && (await dockerAnswers()))) {
    return startContainer();
  }
  return startEmbedded();
}

async function startContainer(): Promise<TestServer> {
  // Imported only here: it takes a quarter of a second.
  const { PostgreSqlContainer } = await import("@testcontainers/postgresql");
  const container = await new PostgreSqlContainer("postgres:18")
    .withCommand(["postgres", ...Object.entries(SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`])])
    .start();
  return {
    url: container.getConnectionUri(),
    stop: async () => {
      await container.stop();
    },
  };
}

async function startEmbedded(): Promise<TestServer> {
  const parent = roomiestParent();
  await removeFoldersOfDeadRuns(parent);
  const folder = path.join(parent, `${FOLDER_PREFIX}${process.pid}-${birthOf(process.pid)}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const server = await startEmbeddedPostgres({ dataFolder: folder, parentForRoot: folder, settings: SETTINGS });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** In memory if there is room: cloning a database takes 10 to 25 ms there, 220 to 310 ms on a disk. */
function roomiestParent(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > ROOM_WANTED_BYTES ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** A run that was killed has left a server and its folder. */
async function removeFoldersOfDeadRuns(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const owner = /^ratchet-test-(?<pid>\d+)-(?<birth>\d*)$/v.exec(name)?.groups;
    const pid = Number(owner?.["pid"]);
    if (owner === undefined || (isAlive(pid) && birthOf(pid) === owner["birth"])) {
      continue;
    }
    const folder = path.join(parent, name);
    try {
      // Joining and leaving is the orderly way to stop it.
      const server = await startEmbeddedPostgres({ dataFolder: folder, parentForRoot: folder, settings: SETTINGS });
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Another user's, or another run is removing it.
    }
  }
}

async function dockerAnswers(): Promise<boolean> {
  const host = process.env["DOCKER_HOST"];
  const home = process.env["HOME"] ?? "";
  const sockets = ["/var/run/docker.sock", `${home}/.docker/run/docker.sock`, `${home}/.colima/default/docker.sock`];
  const targets = host === undefined ? sockets.map((socketPath) => ({ socketPath })) : [targetOf(host)];
  const answers = await Promise.all(targets.map(pingEngine));
  return answers.includes(true);
}

function targetOf(dockerHost: string): { socketPath: string } | { host: string; port: string } {
  const url = new URL(dockerHost);
  return url.protocol === "unix:" ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
}

function pingEngine(target: { socketPath: string } | { host: string; port: string }): Promise<boolean> {
  return new Promise((resolve) => {
    request({ ...target, path: "/_ping", timeout: 1_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", () => {
        resolve(false);
      })
      .on("timeout", () => {
        resolve(false);
      })
      .end();
  });
}
