import type pg from "pg";
import { clientClass } from "./client.ts";
import { hangUp, streamOf } from "./pgInternals.ts";
import type { SchemaNames } from "./schemaNames.ts";

/** Three in a row fit into the silence after which a worker counts as dead. */
const ANSWER_WITHIN_MS = 4000;
/** Somebody who holds the worker's row does not keep the thread waiting. */
const LOCK_TIMEOUT_MS = 1000;

/** What {@link openPulseConnection} takes. */
export interface PulseConnectionOptions {
  readonly connectionString: string | undefined;
  readonly schemas: SchemaNames;
  /** Gives up the opening. Default: only its own time-outs do. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the connection over which a worker gives its signs of life. It is given up when an answer takes more than four
 * seconds, and `end()` does not wait for a network that swallows.
 * @throws the signal's reason; what the server answers.
 */
export async function openPulseConnection({
  connectionString,
  schemas,
  signal,
}: PulseConnectionOptions): Promise<pg.Client> {
  signal?.throwIfAborted();
  const client = new (clientClass(schemas))({
    connectionString,
    application_name: "ratchet pulse",
    keepAlive: true,
    connectionTimeoutMillis: ANSWER_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
  });
  const end = client.end.bind(client);
  client.end = () => {
    hangUp(client, end);
    return Promise.resolve();
  };
  client.on("error", () => {
    void client.end();
  });
  const giveUp = (): void => {
    streamOf(client).destroy(signal?.reason as Error);
  };
  signal?.addEventListener("abort", giveUp);
  try {
    await client.connect();
    await client.query(
      `select set_config('default_transaction_isolation', 'read committed', false),
              set_config('default_transaction_read_only', 'off', false),
              set_config('lock_timeout', $1::text, false)`,
      [String(LOCK_TIMEOUT_MS)],
    );
    return client;
  } catch (error) {
    await client.end();
    throw error;
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
}
