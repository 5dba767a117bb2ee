import { setTimeout as delay } from "node:timers/promises";

import pg from "pg";
import { processIdOf } from "./pgInternals.ts";

/**
 * What lies between us and the server: nothing; a pooler that gives each client a session of its own; or one that gives
 * sessions away between transactions, so that LISTEN, advisory locks and settings get lost.
 */
export type ConnectionKind = "direct" | "session pooler" | "transaction pooler";

/** Far above what a notification takes. */
const NOTIFICATION_WAIT_MS = 1_500;

/** Finds it out by two connections of its own; throws what `pg` throws if they cannot be made. */
export async function detectConnectionKind(connectionString: string): Promise<ConnectionKind> {
  const settings = { connectionString, application_name: "ratchet doctor", connectionTimeoutMillis: 15_000 };
  const listener = new pg.Client(settings);
  const notifier = new pg.Client(settings);
  for (const client of [listener, notifier]) {
    client.on("error", () => {});
  }
  try {
    await Promise.all([listener.connect(), notifier.connect()]);
    if (await hears(listener, notifier)) {
      return (await isDirect(listener)) ? "direct" : "session pooler";
    }
    return "transaction pooler";
  } finally {
    await Promise.allSettled([listener.end(), notifier.end()]);
  }
}

/** Whether no pooler lies between: one makes up the process id that its clients cancel by. */
export async function isDirect(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid === processIdOf(client);
}

async function hears(listener: pg.Client, notifier: pg.Client): Promise<boolean> {
  const channel = `ratchet_doctor_${process.pid}_${Date.now()}`;
  const ended = new AbortController();
  const heard = new Promise<boolean>((resolve) => {
    listener.on("notification", () => {
      resolve(true);
    });
  });
  await listener.query(`listen ${channel}`);
  await notifier.query(`notify ${channel}`);
  const waited = delay(NOTIFICATION_WAIT_MS, false, { signal: ended.signal }).catch(() => false);
  const result = await Promise.race([heard, waited]);
  ended.abort();
  await listener.query(`unlisten ${channel}`);
  return result;
}
