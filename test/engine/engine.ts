import type pg from "pg";
import { pino } from "pino";
import { expect } from "vitest";

import type { TaskStatus } from "../../src/database/calls/claims.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { type AddJobSpec, type JobSnapshot, addJob, readJob } from "../../src/database/calls/jobs.ts";
import type { AnyJobDefinition } from "../../src/definition/jobDefinition.ts";
import { createHeldJobs } from "../../src/engine/heldJobs.ts";
import { type OpenSession, type SessionOptions, openSession } from "../../src/engine/openSession.ts";
import { type QueuedJobs, createQueuedJobs } from "../../src/engine/queuedJobs.ts";
import {
  type EventHub,
  type RatchetEventName,
  type RatchetEvents,
  createEventHub,
} from "../../src/telemetry/events.ts";
import { definitionRow, registeredVersion } from "../../src/worker/definitions.ts";
import { TEST_SCHEMAS } from "../support/schemas.ts";

/** A hub that remembers what it was told. */
export interface RecordingHub extends EventHub {
  /** Every event of this name so far. */
  told<Name extends RatchetEventName>(name: Name): RatchetEvents[Name][];
}

/** Makes a hub that remembers. */
export function createRecordingHub(): RecordingHub {
  const hub = createEventHub((error) => {
    throw error;
  });
  const history: { readonly name: RatchetEventName; readonly event: unknown }[] = [];
  return {
    emit(name, event) {
      history.push({ name, event });
      hub.emit(name, event);
    },
    on: (name, listener) => hub.on(name, listener),
    told: <Name extends RatchetEventName>(name: Name) =>
      history.filter((entry) => entry.name === name).map(({ event }) => event as RatchetEvents[Name]),
  };
}

/** One worker without graphile-worker: the test itself is the wake-up. */
export interface TestEngine {
  readonly session: OpenSession;
  readonly jobs: QueuedJobs;
  readonly events: RecordingHub;
  run(jobId: string): Promise<void>;
  close(): Promise<void>;
}

/** What {@link startEngine} takes. */
export interface TestEngineOptions extends Partial<SessionOptions> {
  readonly url: string;
  readonly definitions?: Readonly<Record<string, AnyJobDefinition>>;
  /** Default true. */
  readonly isRegistering?: boolean;
}

/** Starts a worker's engine with these definitions. */
export async function startEngine({
  url,
  definitions = {},
  isRegistering = true,
  ...options
}: TestEngineOptions): Promise<TestEngine> {
  const events = createRecordingHub();
  const held = createHeldJobs();
  const session = await openSession({
    connectionString: url,
    schemas: TEST_SCHEMAS,
    log: pino({ level: "silent" }),
    events,
    knownVersions: Object.entries(definitions).map(([identifier, definition]) =>
      registeredVersion(identifier, definition),
    ),
    concurrency: 10,
    held,
    hasPulse: false,
    ...options,
  });
  const jobs = createQueuedJobs({
    session: () => session,
    held,
    findDefinition: (identifier, version) => {
      const definition = definitions[identifier];
      return definition !== undefined && registeredVersion(identifier, definition) === version ? definition : undefined;
    },
  });
  if (isRegistering) {
    const rows = Object.entries(definitions).map(([identifier, definition]) => definitionRow(identifier, definition));
    await registerDefinitions(session.pool, rows, true);
  }
  return {
    session,
    jobs,
    events,
    async run(jobId) {
      const job = await readJob(session.pool, jobId);
      await jobs.run(jobId, job?.identifier ?? "");
    },
    async close() {
      jobs.abort();
      await jobs.drain();
      await session.close();
    },
  };
}

/** Queues a job. */
export function queue(db: pg.Pool, identifier: string, spec: Partial<AddJobSpec> = {}): Promise<string> {
  return addJob(db, { identifier, payload: {}, ...spec });
}

/** A job that exists, as people see it. */
export async function look(db: pg.Pool, jobId: string): Promise<JobSnapshot> {
  const job = await readJob(db, jobId);
  if (job === null) {
    throw new Error(`There is no job ${jobId}`);
  }
  return job;
}

/** The statuses of a job's tasks, in order. */
export async function statusesOf(db: pg.Pool, jobId: string): Promise<TaskStatus[]> {
  const { tasks } = await look(db, jobId);
  return tasks.map(({ status }) => status);
}

/** What a task has left for later ones. */
export async function resultsOf(db: pg.Pool, jobId: string): Promise<unknown[]> {
  const { rows } = await db.query<{ result: unknown }>(
    "select result from ratchet.tasks where job_id = $1 order by position",
    [jobId],
  );
  return rows.map(({ result }) => result);
}

/** Every failed try of a job, oldest first. */
export async function failuresOf(
  db: pg.Pool,
  jobId: string,
): Promise<{ position: number; attempt: number; counted: boolean; code: string | null; message: string }[]> {
  const { rows } = await db.query<{
    position: number;
    attempt: number;
    counted: boolean;
    code: string | null;
    message: string;
  }>(
    `select position, attempt, counted, error_code as code, error_message as message
     from ratchet.task_failures where job_id = $1 order by id`,
    [jobId],
  );
  return rows;
}

/** Moves Ratchet's clock. */
export async function advanceClock(db: pg.Pool, by: string): Promise<void> {
  await db.query("select ratchet_private.advance_clock($1)", [by]);
}

/** Everything that `ratchet.violations` lists; `[]` when all is well. */
export async function violations(db: pg.Pool): Promise<unknown[]> {
  const { rows } = await db.query<{ job_id: string; rule: string; detail: string }>("select * from ratchet.violations");
  return rows;
}

/** How many wake-ups of a job could still wake somebody. */
export async function countWakeUps(db: pg.Pool, jobId: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    "select count(*)::integer as count from graphile_worker.jobs where key = 'ratchet:' || $1 and attempts < max_attempts",
    [jobId],
  );
  return rows[0]?.count ?? 0;
}

/** Demands that nothing contradicts itself. */
export async function expectNoViolations(db: pg.Pool): Promise<void> {
  expect(await violations(db)).toStrictEqual([]);
}

/** How often a mocked handler was called. */
export function timesCalled(handler: { readonly mock: { readonly calls: readonly unknown[] } }): number {
  return handler.mock.calls.length;
}

/** A value that is there. */
export function existing<Value>(value: Value | undefined): Value {
  if (value === undefined) {
    throw new Error("It is not there");
  }
  return value;
}
