import { readJobDetails } from "../database/calls/jobDetails.ts";
import { listJobs } from "../database/calls/jobList.ts";
import { cancelJob, completeTask, type OrderedJob, retryJob, skipTask } from "../database/calls/orders.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import { type SchemaNames, schemaNames } from "../database/schemaNames.ts";
import { isRepeatRequest } from "../database/transientErrors.ts";
import { durationToMs } from "../definition/duration.ts";
import { resultJson } from "../definition/resultJson.ts";
import { RatchetError } from "../errors/ratchetError.ts";
import { createAdding } from "./adding.ts";
import { clientError, createConnections } from "./connections.ts";
import { idOf, type JobId, jobDetails } from "./jobDetails.ts";
import type { JobSource } from "./jobReference.ts";
import type { CallOptions, Ratchet } from "./ratchet.ts";
import { asQueryable, type RatchetPool } from "./sqlClient.ts";
import { createWaiters } from "./waiters.ts";

/** Options of {@link createRatchet}. */
export interface RatchetOptions {
  /** Of a pool of the client's own, at most 10 connections, opened as needed. Default: libpq's environment variables. */
  readonly connectionString?: string | undefined;
  /** A pool of the caller's own in place of `connectionString`, such as a `pg.Pool`. It is never closed. */
  readonly pool?: RatchetPool | undefined;
  /** Names of Ratchet's and graphile-worker's schemas. Default: `ratchet` and `graphile_worker`. */
  readonly schemas?: Partial<SchemaNames> | undefined;
  /** Whose jobs `add`, `addMany` and `list` mean unless they say otherwise. Default: `default` for adding, everybody's for `list`. */
  readonly tenant?: string | undefined;
  /**
   * Whether `waitFor` hears of changes over a connection of its own while it waits. PgBouncer's transaction mode delivers
   * none: say `false` there, and jobs are looked at each second. Default: true.
   */
  readonly listen?: boolean | undefined;
}

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 1000;

/**
 * Creates a client. Nothing is connected before the first call.
 * @example
 * const ratchet = createRatchet({ connectionString: "postgres://app@localhost/shop" });
 * const publishListing = jobReference<typeof import("./tasks/publish_listing.ts")>("publish_listing");
 * const job = await ratchet.add(publishListing, { sku: "JKT-1", images: ["a.jpg"] });
 * const done = await ratchet.waitFor(job, { timeout: "5 min" });
 * @throws {RatchetError} RT110 for options that cannot be used.
 */
export function createRatchet(options: RatchetOptions = {}): Ratchet {
  const { connectionString, pool, tenant } = options;
  if (pool !== undefined && connectionString !== undefined) {
    throw new RatchetError(
      "RT110",
      "createRatchet got both a pool and a connectionString; one of them says where Postgres is.",
    );
  }
  const schemas = schemaNames(options.schemas);
  const connections = createConnections({ connectionString, pool, schemas });
  const adding = createAdding({ connections, schemas, tenant });
  // Listening would take the only connection away from all else.
  const isListening = options.listen !== false && mostConnections(pool) !== 1;
  const waiters = createWaiters({ connections, schemas, isListening });
  const calls = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  /** Runs a call that `close` waits for. */
  async function whileOpen<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    if (closing !== undefined) {
      throw new RatchetError("RT127", "The client was closed before this call.");
    }
    const answer = run();
    calls.add(answer);
    try {
      return await answer;
    } finally {
      calls.delete(answer);
    }
  }

  function dbOf({ client }: CallOptions): Queryable {
    return client === undefined ? connections.db : asQueryable(client, schemas);
  }

  /** One statement, repeated where Postgres asks for that; inside a caller's transaction that is the caller's to do. */
  function call<Answer>(given: CallOptions, run: (db: Queryable) => Promise<Answer>): Promise<Answer> {
    return whileOpen(async () => {
      for (let repeats = 0; ; repeats++) {
        try {
          return await run(dbOf(given));
        } catch (error) {
          if (given.client !== undefined || !isRepeatRequest(error) || repeats >= 10) {
            throw clientError(error);
          }
        }
      }
    });
  }

  async function order(
    job: JobId<JobSource>,
    given: CallOptions,
    run: (db: Queryable, id: string) => Promise<OrderedJob>,
  ) {
    const { given: shown, id } = idOf(job);
    if (id === null) {
      throw noSuchJob(shown);
    }
    const ordered = await call(given, (db) => run(db, id));
    // What the order answers with, a driver may have made a bigint of.
    return { id, status: ordered.status };
  }

  return {
    add: (job, payload, given = {}) => whileOpen(() => adding.add(job, payload, given)),

    addMany: (job, items, given = {}) => whileOpen(() => adding.addMany(job, items, given)),

    waitFor: (job, { signal, timeout } = {}) =>
      whileOpen(async () => {
        const { given, id } = idOf(job);
        if (id === null) {
          throw noSuchJob(given);
        }
        const timeoutMs = timeout === undefined ? undefined : durationToMs(timeout);
        return jobDetails(await waiters.wait(id, { signal, timeoutMs }));
      }),

    async get(job, given = {}) {
      const { id } = idOf(job);
      const found = id === null ? undefined : (await call(given, (db) => readJobDetails(db, [id]))).get(id);
      return found === undefined ? null : jobDetails(found);
    },

    async list({ client, limit = DEFAULT_PAGE, ...filter } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > LARGEST_PAGE) {
        throw new RatchetError("RT006", `limit must be a whole number from 1 to ${LARGEST_PAGE} and is ${limit}.`);
      }
      if (filter.beforeId !== undefined && idOf(filter.beforeId).id === null) {
        throw new RatchetError("RT006", `beforeId must be a job's id and is ${JSON.stringify(filter.beforeId)}.`);
      }
      for (const date of [filter.createdAfter, filter.createdBefore]) {
        if (date !== undefined && Number.isNaN(date.getTime())) {
          throw new RatchetError("RT006", "createdAfter or createdBefore is no valid Date.");
        }
      }
      return call({ client }, (db) => listJobs(db, { ...filter, tenant: filter.tenant ?? tenant, limit }));
    },

    cancel: (job, { client, reason } = {}) => order(job, { client }, (db, id) => cancelJob(db, id, reason)),

    retry: (job, { client, ...how } = {}) => order(job, { client }, (db, id) => retryJob(db, id, how)),

    skip: (job, task, { client, reason } = {}) => order(job, { client }, (db, id) => skipTask(db, id, task, reason)),

    async complete(job, task, result, { client, reason } = {}) {
      const text = resultJson(result, task);
      return order(job, { client }, (db, id) => completeTask(db, id, task, { result: text, reason }));
    },

    close() {
      closing ??= (async () => {
        await waiters.close();
        await Promise.allSettled(calls);
        await connections.close();
      })();
      return closing;
    },

    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}

function mostConnections(pool: RatchetPool | undefined): unknown {
  const options: unknown = pool === undefined ? undefined : Reflect.get(pool, "options");
  return typeof options === "object" && options !== null ? Reflect.get(options, "max") : undefined;
}

function noSuchJob(id: string): RatchetError {
  return new RatchetError("RT013", `There is no job ${id}.`);
}
