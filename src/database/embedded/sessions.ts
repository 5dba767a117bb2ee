import { Socket } from "node:net";

import pg from "pg";

/** How a session of our own on the embedded server is reached. */
export interface SessionTarget {
  readonly port: number;
  readonly password: string;
}

/** Marks the session that each user of an embedded server holds open until its `stop`. */
const PRESENCE_PREFIX = "ratchet-embedded-";
const STOP_NAME = "ratchet-stop";
const RECONNECT_AFTER_MS = 1_000;

/** The connection string of the database that Ratchet uses on the embedded server. */
export function embeddedUrl({ port, password }: SessionTarget): string {
  return `postgresql://postgres:${password}@127.0.0.1:${port}/ratchet`;
}

/** Whether a server on that port takes our password and keeps its data in `dataDirectory`. */
export async function answersFor(target: SessionTarget, dataDirectory: string): Promise<boolean> {
  try {
    return await withSession(target, "ratchet-adopt", async (client) => {
      const { rows } = await client.query<{ folder: string }>("select current_setting('data_directory') as folder");
      return rows[0]?.folder === dataDirectory;
    });
  } catch {
    return false;
  }
}

/** Creates the database `ratchet` if it is not there yet. */
export async function ensureDatabase(target: SessionTarget): Promise<void> {
  await withSession(target, "ratchet-create", async (client) => {
    const { rowCount } = await client.query("select from pg_catalog.pg_database where datname = 'ratchet'");
    if (rowCount === 0) {
      await client.query("create database ratchet");
    }
  });
}

/** Other sessions on the server: those of processes that hold it open as we do, and the rest (pools, psql). */
export async function countOthers(target: SessionTarget): Promise<{ holders: number; rest: number }> {
  return withSession(target, STOP_NAME, async (client) => {
    const { rows } = await client.query<{ holders: number; rest: number }>(
      `select count(*) filter (where application_name like $1 || '%')::int as holders,
              count(*) filter (where application_name not like $1 || '%')::int as rest
         from pg_catalog.pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid() and application_name <> $2`,
      [PRESENCE_PREFIX, STOP_NAME],
    );
    return rows[0] ?? { holders: 0, rest: 0 };
  });
}

/**
 * Opens a session that says "in use" to whoever wants to stop the server, and opens it anew when it is lost. It does not
 * keep this process alive.
 */
export async function holdPresence(target: SessionTarget): Promise<{ release(): Promise<void> }> {
  let released = false;
  let current: { client: pg.Client; socket: Socket } | null = null;
  let timer: NodeJS.Timeout | undefined;

  const open = async (): Promise<void> => {
    const socket = new Socket();
    const client = createClient(target, PRESENCE_PREFIX + process.pid, socket);
    client.once("end", () => {
      current = null;
      if (!released) {
        timer = setTimeout(reopen, RECONNECT_AFTER_MS).unref();
      }
    });
    await client.connect();
    socket.unref();
    current = { client, socket };
    if (released) {
      await close();
    }
  };
  const reopen = (): void => {
    // A failure ends that client too, which sets the timer again.
    open().catch(() => {});
  };
  const close = async (): Promise<void> => {
    // Its end is awaited, so from here on it does keep this process alive.
    current?.socket.ref();
    await current?.client.end();
  };
  try {
    await open();
  } catch (error) {
    released = true;
    throw error;
  }

  return {
    async release() {
      released = true;
      clearTimeout(timer);
      await close();
    },
  };
}

async function withSession<Result>(
  target: SessionTarget,
  name: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = createClient(target, name);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function createClient({ port, password }: SessionTarget, applicationName: string, socket?: Socket): pg.Client {
  const client = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "postgres",
    password,
    database: "postgres",
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    // Not whatever PGSSLMODE says: our server has no certificate.
    ssl: false,
    ...(socket === undefined ? {} : { stream: () => socket }),
  });
  // A lost session shows in the next query; without a listener it would end the process.
  client.on("error", () => {});
  return client;
}
