import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { inject } from "vitest";

import { findNativeFolder, prepareBinaries } from "../../src/database/embedded/binaries.ts";
import { clusterFiles } from "../../src/database/embedded/cluster.ts";
import { startEmbeddedPostgres } from "../../src/database/embedded/embeddedPostgres.ts";
import { placementOf } from "../../src/database/embedded/placement.ts";
import { runToEnd } from "../../src/database/embedded/programs.ts";
import { migrate } from "../../src/database/migrator.ts";
import { createPool } from "../../src/database/pool.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";
import { waitUntil } from "../support/waiting.ts";

/** How a server is ended: `fast` ends the sessions, `immediate` is a crash. */
export type StopMode = "fast" | "immediate";

/** A Postgres of a test's own that can be made to fail. Small: 30 connections. */
export interface FaultyServer {
  /** As the role `app`, which owns the schemas and is no superuser. */
  readonly url: string;
  readonly superuserUrl: string;
  /** Runs SQL as the superuser, over a connection opened for it; waits until the server lets it in. */
  sql<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  stop(mode: StopMode): Promise<void>;
  start(): Promise<void>;
  /** Starts a stopped server as a replica that waits for its primary: it reads and refuses writes. */
  startAsReplica(): Promise<void>;
  /** Makes a replica take writes. */
  promote(): Promise<void>;
  /** Stops it and removes its files. */
  remove(): Promise<void>;
}

/** Starts such a server, with the schema in it (about 2 s). */
export async function startFaultyServer(): Promise<FaultyServer> {
  const parent = inject("testRunFolder");
  const dataFolder = mkdtempSync(join(parent, "faulty-server-"));
  const server = await startEmbeddedPostgres({
    dataFolder,
    parentForRoot: parent,
    settings: { fsync: "off" },
  });
  const placement = placementOf(dataFolder, parent);
  const { data } = clusterFiles(placement.folder);
  // Ours as root would be closed to the user who runs it.
  const log = join(data, "server.log");
  const { pgCtl } = prepareBinaries(findNativeFolder(dataFolder), placement.folder, placement.owner !== null);
  const app = new URL(server.url);
  app.username = "app";
  app.password = "app";
  app.pathname = "/app";

  async function sql<Row>(
    text: string,
    values: readonly unknown[] = [],
    url = withoutPath(server.url),
  ): Promise<Row[]> {
    return waitUntil(
      async () => {
        const pool = createPool({ connectionString: url, max: 1, schemas: TEST_SCHEMAS });
        try {
          return (await pool.query(text, [...values])).rows as Row[];
        } catch (error) {
          // While it starts, and while others take its connections.
          if (["57P03", "53300"].includes((error as { code: string }).code)) {
            return null;
          }
          throw error;
        } finally {
          await pool.end();
        }
      },
      { what: text },
    );
  }

  const control = (...parameters: string[]): Promise<void> =>
    runToEnd(pgCtl, [...parameters, "-D", data, "-w", "-s"], placement);

  await sql("create role app login password 'app'", [], server.url);
  await sql("create database app owner app", [], server.url);
  const pool = createPool({ connectionString: app.href, max: 3, schemas: TEST_SCHEMAS });
  await migrate(pool);
  await pool.end();
  // It holds a session of its own open, which would count among the sessions.
  await server.stop();
  const settings = [
    `port = ${new URL(server.url).port}`,
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    "fsync = off",
    "max_connections = 30",
  ];
  appendFileSync(join(data, "postgresql.conf"), `${settings.join("\n")}\n`);
  await control("start", "-l", log);

  function withoutPath(url: string): string {
    const own = new URL(url);
    own.pathname = "/app";
    return own.href;
  }

  return {
    url: app.href,
    superuserUrl: withoutPath(server.url),
    sql: (text, values) => sql(text, values),
    stop: (mode) => control("stop", "-m", mode),
    start: () => control("start", "-l", log),
    async startAsReplica() {
      writeFileSync(join(data, "standby.signal"), "");
      await control("start", "-l", log);
    },
    promote: () => control("promote"),
    async remove() {
      await control("stop", "-m", "immediate").catch(() => {});
      rmSync(placement.folder, { recursive: true, force: true });
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
