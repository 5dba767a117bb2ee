import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";

import { isAlive } from "../src/database/embedded/processes.ts";
import { startEmbeddedPostgres } from "../src/database/embedded/embeddedPostgres.ts";

/** A database of one measurement. */
export interface BenchDatabase {
  readonly url: string;
  /** One session for what the harness asks between the steps; no connection of a peer. */
  readonly client: pg.Client;
  /** Ends the session and drops the database. */
  drop(): Promise<void>;
}

/** The harness' own Postgres: the embedded one with Postgres' default settings, on a disk. */
export interface BenchServer {
  /** `PostgreSQL 18.4 …`. */
  readonly version: string;
  /** Every setting that is not Postgres' default, without names of files and places. */
  readonly settings: Readonly<Record<string, string>>;
  /** On the disk of its data. */
  readonly folder: string;
  /** Process id of the postmaster, for {@link postgresCpuMs}. */
  readonly processId: number;
  /** @param settings of this database alone, e.g. `{ commit_delay: "5000" }`. */
  freshDatabase(settings?: Readonly<Record<string, string>>): Promise<BenchDatabase>;
  stop(): Promise<void>;
}

/** Counts statements in the databases that ask for it; in all others it costs nothing, as no query id is computed. */
export const COUNTED = { "pg_stat_statements.track": "top", compute_query_id: "on" };

const SERVER_SETTINGS = {
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.track": "none",
  compute_query_id: "off",
};

/** Starts a Postgres of its own; `stop` deletes all of it. */
export async function startBenchServer(): Promise<BenchServer> {
  // /tmp is memory on many machines, and a commit there costs nothing.
  const folder = mkdtempSync(join(existsSync("/var/tmp") ? "/var/tmp" : tmpdir(), "ratchet-bench-"));
  // As root, Postgres runs as somebody else, who must get there.
  chmodSync(folder, 0o711);
  const server = await startEmbeddedPostgres({
    dataFolder: join(folder, "data"),
    parentForRoot: folder,
    settings: SERVER_SETTINGS,
  });
  const admin = await connect(server.url);
  const { rows } = await admin.query<{ version: string; data: string }>(
    "select version(), current_setting('data_directory') as data",
  );
  const { version = "", data = "" } = rows[0] ?? {};
  const processId = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
  // Postgres would live on.
  function abandon(): void {
    process.kill(processId, "SIGQUIT");
    waitForEnd(processId);
    rmSync(folder, { recursive: true, force: true });
  }
  process.once("exit", abandon);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => process.exit(1));
  }
  let databases = 0;
  return {
    version: version.split(" on ")[0] ?? version,
    settings: await changedSettings(admin),
    folder,
    processId,
    async freshDatabase(settings = {}) {
      databases++;
      const name = `bench_${databases}`;
      await admin.query(`create database ${name}`);
      for (const [setting, value] of Object.entries(settings)) {
        await admin.query(`alter database ${name} set ${setting} = ${pg.escapeLiteral(value)}`);
      }
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      const client = await connect(url.href);
      return {
        url: url.href,
        client,
        async drop() {
          await client.end();
          await admin.query(`drop database ${name} with (force)`);
        },
      };
    },
    async stop() {
      await admin.end();
      await server.stop();
      process.off("exit", abandon);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Blocks this process until another one has ended, five seconds at most. */
function waitForEnd(processId: number): void {
  for (let turn = 0; turn < 50 && isAlive(processId); turn++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString, application_name: "bench" });
  await client.connect();
  return client;
}

async function changedSettings(client: pg.Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select name, current_setting(name) as setting from pg_settings
     where source not in ('default', 'override', 'client', 'session') and setting is distinct from boot_val and category !~ '^(File|Reporting|Client)'
       and name !~ '^(port|listen_addresses|unix_socket|hba_file|ident_file|data_directory|config_file)'
     order by name`,
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}
