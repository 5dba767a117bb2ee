import { request } from "node:http";

import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";

/** The server that a test run uses. */
export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

// Nothing here tests a power cut, and a test file may keep several pools. An analyze that comes when it likes changes plans.
const SETTINGS = { fsync: "off", full_page_writes: "off", max_connections: "300", autovacuum: "off" };

/**
 * `RATCHET_TEST_DATABASE_URL` if given; else a container if a Docker engine answers or `RATCHET_TEST_DATABASE` is
 * `testcontainers`; else an embedded Postgres in `runFolder` (always, if `RATCHET_TEST_DATABASE` is `embedded`).
 */
export async function startTestServer(runFolder: string): Promise<TestServer> {
  const url = process.env["RATCHET_TEST_DATABASE_URL"];
  if (url !== undefined && url !== "") {
    return { url, stop: async () => {} };
  }
  const wanted = process.env["RATCHET_TEST_DATABASE"];
  if (wanted === "testcontainers" || (wanted !== "embedded" && (await dockerAnswers()))) {
    return startContainer();
  }
  return startEmbedded(runFolder);
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

async function startEmbedded(folder: string): Promise<TestServer> {
  const server = await startEmbeddedPostgres({ dataFolder: folder, parentForRoot: folder, settings: SETTINGS });
  return { url: server.url, stop: () => server.stop() };
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
