import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import pg from "pg";

import { waitUntil } from "../support/waiting.ts";

/** Where Debian's package has it. */
const PGBOUNCER = "/usr/sbin/pgbouncer";

/** Whether this machine has PgBouncer. */
export const hasPgBouncer = existsSync(PGBOUNCER);

/** A PgBouncer in transaction mode before a test's database. */
export interface Pooler {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts one with a single connection to the server, so that clients get each other's sessions. */
export async function startPooler(databaseUrl: string): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), "ratchet-pooler-"));
  await chmod(folder, 0o755);
  const ownPort = await freePort();
  await writeFile(
    join(folder, "pgbouncer.ini"),
    [
      "[databases]",
      `* = host=${hostname} port=${port} user=${username}${password === "" ? "" : ` password=${password}`}`,
      "[pgbouncer]",
      `listen_addr = 127.0.0.1`,
      `listen_port = ${ownPort}`,
      "unix_socket_dir =",
      "auth_type = any",
      "pool_mode = transaction",
      "default_pool_size = 1",
      "ignore_startup_parameters = extra_float_digits",
    ].join("\n"),
  );
  // As root it refuses to start.
  const own = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child: ChildProcess = spawn(PGBOUNCER, [join(folder, "pgbouncer.ini")], { stdio: "ignore", ...own });
  const url = `postgres://${username}:${password}@127.0.0.1:${ownPort}${pathname}`;
  await waitUntil(() => answers(url), { what: "PgBouncer" });
  return {
    url,
    stop: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
      await rm(folder, { recursive: true });
    },
  };
}

async function answers(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
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
