import pg from "pg";

import { createBackendProbe } from "./backendProbe.ts";
import { forgetSession } from "./calls/transactions.ts";
import { clientClass } from "./client.ts";
import { type DatabaseLog, silentLog } from "./log.ts";
import { processIdOf } from "./pgInternals.ts";
import { DEFAULT_SCHEMA_NAMES, type SchemaNames, inSchemas, noteSchemas } from "./schemaNames.ts";
import { type Backend, type SilenceWatch, createSilenceWatcher } from "./silence.ts";

/** What {@link createPool} takes. */
export interface PoolOptions {
  /** Default: libpq's environment variables. */
  readonly connectionString?: string | undefined;
  /** The most connections open at once. Default 10. */
  readonly max?: number | undefined;
  /** Shown in `pg_stat_activity`. Default `ratchet`. */
  readonly applicationName?: string | undefined;
  /** How long a statement may wait for somebody's lock before it fails with 55P03. Default: without end. */
  readonly lockTimeoutMs?: number | undefined;
  /** How long a connection may be silent in the middle of a statement before it is asked after. Default 10 s. */
  readonly silenceMs?: number | undefined;
  /** The worker whose connections these are: a rescuer finds and ends them all. Default: nobody's. */
  readonly worker?: { readonly id: number; readonly schemas: SchemaNames } | undefined;
  /** Put into every statement in place of the default names. Default: those. */
  readonly schemas?: SchemaNames | undefined;
  /** Where lost idle connections and the like are told. Default: nowhere. */
  readonly log?: DatabaseLog | undefined;
}

/** How long a connection may take to be made, or to come free. */
const CONNECT_WITHIN_MS = 10_000;
/** Silence before TCP asks whether the other end is there, ours and, in `ENGINE_SETTINGS`, the server's. */
const KEEPALIVE_AFTER_MS = 10_000;

// remote_apply stays: it is stronger than `on`, and somebody chose it for reads from a replica. The lock's time-out is set
// here because PgBouncer refuses it as a start-up parameter.
const ENGINE_SETTINGS = `
  select set_config('default_transaction_isolation', 'read committed', false),
         set_config('default_transaction_read_only', 'off', false),
         set_config('lock_timeout', $1::text, false),
         set_config(
           'synchronous_commit',
           case when current_setting('synchronous_commit') in ('off', 'local', 'remote_write') then 'on'
                else current_setting('synchronous_commit') end,
           false),
         set_config('tcp_keepalives_idle', '10', false),
         set_config('tcp_keepalives_interval', '5', false),
         set_config('tcp_keepalives_count', '3', false),
         pg_backend_pid() as "processId",
         (select extract(epoch from backend_start)::text from pg_stat_get_activity(pg_backend_pid())) as "startedAt"`;

const SHARE_WORKER = ", pg_advisory_lock_shared(ratchet_private.session_lock_class(), $2::integer)";

const setUps = new WeakMap<pg.ClientBase, () => Promise<void>>();

/**
 * Makes a session of a pool of ours as good as a new one: undoes what transactions have left in it, then sets it up again.
 * Prepared statements stay, because pg goes on to use those it has named.
 * @throws what Postgres says; the connection is to be closed then.
 */
export async function resetSession(client: pg.ClientBase): Promise<void> {
  await forgetSession(client);
  await setUps.get(client)?.();
}

/**
 * Creates a pool whose lost connections never end the process, and whose sessions run READ COMMITTED with
 * `synchronous_commit` at least `on`, whatever defaults role and database have: the engine's promises rest on both. bigint
 * comes as a string, json parsed, timestamptz as a Date.
 */
export function createPool({
  connectionString,
  max = 10,
  applicationName = "ratchet",
  lockTimeoutMs = 0,
  silenceMs,
  worker,
  schemas = DEFAULT_SCHEMA_NAMES,
  log = silentLog,
}: PoolOptions): pg.Pool {
  const silence = createSilenceWatcher({ endUnlessWorking: createBackendProbe(connectionString), silenceMs });
  const watches = new WeakMap<pg.ClientBase, SilenceWatch>();
  // pg-pool waits for this before anybody gets the client, though its types say nothing of a promise.
  const awaitedHooks = {
    async onConnect(client: pg.ClientBase): Promise<void> {
      const watch = silence.watch(client);
      watches.set(client, watch);
      const setUpAgain = (): Promise<void> => setUp(client, lockTimeoutMs, worker, watch);
      await setUpAgain();
      setUps.set(client, setUpAgain);
    },
  };
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    Client: clientClass(schemas),
    ...awaitedHooks,
  });
  noteSchemas(pool, schemas);
  // The message alone: pg-pool hangs the whole client on the error, with the secret that cancels its queries.
  pool.on("connect", (client) => {
    // A client in use reports its loss here as well as in the query; without a listener the process would end.
    client.on("error", ({ message: errorMessage }) => {
      log.debug({ errorMessage, applicationName }, "a database connection was lost");
    });
  });
  pool.on("acquire", (client) => {
    watches.get(client)?.noteLent(true);
  });
  pool.on("release", (_error, client) => {
    watches.get(client)?.noteLent(false);
  });
  pool.on("error", ({ message: errorMessage }) => {
    log.debug({ errorMessage, applicationName }, "an idle database connection was lost");
  });
  return pool;
}

async function setUp(
  client: pg.ClientBase,
  lockTimeoutMs: number,
  worker: PoolOptions["worker"],
  watch: SilenceWatch,
): Promise<void> {
  const settings = [String(lockTimeoutMs)];
  const { rows } = await (worker === undefined
    ? client.query<Backend>(ENGINE_SETTINGS, settings)
    : inSchemas(client, worker.schemas).query<Backend>(`${ENGINE_SETTINGS}${SHARE_WORKER}`, [...settings, worker.id]));
  const [backend = null] = rows;
  // A pooler makes up the process id that its clients cancel by.
  watch.noteBackend(backend?.processId === processIdOf(client) ? backend : null);
}
