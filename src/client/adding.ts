import { addJobs, type AddedJobRow } from "../database/calls/addedJobs.ts";
import type { Queryable } from "../database/calls/queryable.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { troubleOf } from "../database/transientErrors.ts";
import { validatePayload } from "../definition/payload.ts";
import { isRatchetError, RatchetError } from "../errors/ratchetError.ts";
import { addInSlices } from "./addMany.ts";
import { type JobItem, payloadText, prepareJob } from "./addOptions.ts";
import { createAddQueue, HELD_KEY_TIMEOUT_MS } from "./addQueue.ts";
import { clientError, type Connections } from "./connections.ts";
import { type NamedJob, resolveJobName } from "./jobReference.ts";
import { inKnownTransaction } from "./knownTransaction.ts";
import { createPayloadCheck } from "./payloadCheck.ts";
import type { AddManyOptions, AddOptions } from "./ratchet.ts";
import { asQueryable } from "./sqlClient.ts";

/** `add` and `addMany` without their types. */
export interface Adding {
  add(job: unknown, payload: unknown, options: AddOptions): Promise<AddedJobRow>;
  addMany(job: unknown, items: readonly JobItem<unknown>[], options: AddManyOptions): Promise<AddedJobRow[]>;
}

/** What {@link createAdding} takes. */
export interface AddingOptions {
  readonly connections: Connections;
  readonly schemas: SchemaNames;
  readonly tenant: string | undefined;
  /** How long an `addMany` waits for a job key. Default: 15 s. */
  readonly heldKeyTimeoutMs?: number | undefined;
}

/** Creates what checks payloads and adds jobs. */
export function createAdding(options: AddingOptions): Adding {
  const { connections, schemas, tenant, heldKeyTimeoutMs = HELD_KEY_TIMEOUT_MS } = options;
  const queue = createAddQueue(connections);
  const payloads = createPayloadCheck();

  /** @param db where the definition's schema is read. */
  async function check(db: Queryable, { identifier, schema }: NamedJob, text: string): Promise<void> {
    // As the worker will get it: a Date, for example, is a text by then.
    const payload: unknown = JSON.parse(text);
    await (schema === undefined ? payloads.check(db, identifier, payload) : validatePayload(schema, payload));
  }

  async function addQueued(named: NamedJob, text: string, given: AddOptions): Promise<AddedJobRow> {
    const prepared = prepareJob(named.identifier, text, given, tenant);
    if (given.checkPayload !== false) {
      await check(connections.db, named, text);
    }
    return queue.add(prepared);
  }

  async function addOn(db: Queryable, named: NamedJob, text: string, given: AddOptions): Promise<AddedJobRow> {
    const { spec } = prepareJob(named.identifier, text, given, tenant);
    if (given.checkPayload !== false) {
      await check(db, named, text);
    }
    const { jobs } = await addJobs(db, [spec]);
    const [job] = jobs;
    if (job === undefined) {
      throw new Error("Postgres returned no row for the job.");
    }
    return job;
  }

  function keyHeld(cause: unknown): RatchetError {
    const seconds = heldKeyTimeoutMs / 1000;
    return new RatchetError("RT128", `One of the job keys has been held by another transaction for ${seconds} s.`, {
      cause,
    });
  }

  return {
    async add(job, payload, given) {
      const named = resolveJobName(job);
      const text = payloadText(named.identifier, payload);
      try {
        return given.client === undefined
          ? await addQueued(named, text, given)
          : await addOn(asQueryable(given.client, schemas), named, text, given);
      } catch (error) {
        throw clientError(error);
      }
    },

    async addMany(job, items, { client, checkPayload }) {
      const named = resolveJobName(job);
      const db = client === undefined ? connections.db : asQueryable(client, schemas);
      const specs: string[] = [];
      // All before the first is written: in a caller's transaction nothing can be taken back here.
      for (const [index, { payload, ...given }] of items.entries()) {
        try {
          const text = payloadText(named.identifier, payload);
          specs.push(prepareJob(named.identifier, text, given, tenant).spec);
          if (checkPayload !== false) {
            await check(db, named, text);
          }
        } catch (error) {
          throw placed(clientError(error), index, items.length);
        }
      }
      if (items.length === 0) {
        return [];
      }
      try {
        if (client !== undefined) {
          return (await addInSlices(db, specs)).result;
        }
        const what = items.length === 1 ? "1 job" : `${items.length} jobs`;
        const limits = { connections, what, lockTimeoutMs: heldKeyTimeoutMs };
        return await inKnownTransaction(limits, (inside) => addInSlices(inside, specs));
      } catch (error) {
        throw client === undefined && troubleOf(error) === "locked" ? keyHeld(error) : clientError(error);
      }
    },
  };
}

function placed(error: unknown, index: number, total: number): unknown {
  // A lost connection is no problem of one job.
  if (!isRatchetError(error) || error.retryable || total === 1) {
    return error;
  }
  const { code, detail, hint, retryable, issues } = error;
  const message = `Job ${index + 1} of ${total}: ${error.message}`;
  return new RatchetError(code, message, { detail, hint, retryable, issues, cause: error });
}
