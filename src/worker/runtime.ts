import type { JobHelpers, WorkerPool } from "graphile-worker";
import type { Logger } from "pino";
import { registerDefinitions } from "../database/calls/definitions.ts";
import { adoptJob, announce, sweep } from "../database/calls/wakeUps.ts";
import { beat } from "../database/calls/workers.ts";
import { type OpenSession, openSession } from "../engine/openSession.ts";
import { type QueuedJobs, createQueuedJobs } from "../engine/queuedJobs.ts";
import { repeatUntilAnswered } from "../engine/repeat.ts";
import type { EventHub } from "../telemetry/events.ts";
import { type Announcer, createAnnouncer } from "./announcer.ts";
import { type DefinitionMap, definitionRow } from "./definitions.ts";
import { jobIdOf } from "./envelope.ts";
import { type Maintenance, startMaintenance } from "./maintenance.ts";
import { createRetryTimer } from "./retryTimer.ts";

/** What {@link createRuntime} takes. */
export interface RuntimeOptions {
  /** Default: libpq's environment variables. */
  readonly connectionString: string | undefined;
  readonly definitions: DefinitionMap;
  readonly concurrency: number;
  readonly log: Logger;
  readonly events: EventHub;
  /** How long running handlers may go on after a stop is asked for, in ms. */
  readonly shutdownGraceMs: number;
}

/** Ratchet's part of one worker process: everything but graphile-worker itself. */
export interface Runtime {
  /** Registers worker and definitions; further calls wait for the first. A failed start is tried again by the next call. */
  start(): Promise<void>;
  /** Runs the job that a wake-up is for, or adopts the wake-up first. */
  handleWakeUp(identifier: string, payload: unknown, helpers: JobHelpers): Promise<void>;
  /** Notes a pool of graphile-worker's that fetches wake-ups for this process. */
  notePool(pool: WorkerPool): void;
  /** Notes that such a pool has ended. */
  forgetPool(pool: WorkerPool): void;
  /** Lets running tasks end within the grace, hands back the rest. Safe twice, and before the start. */
  stop(): Promise<void>;
}

interface Started {
  readonly session: OpenSession;
  readonly announcer: Announcer;
  readonly maintenance: Maintenance;
}

/** Creates a runtime; it connects when it is started. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { definitions, events } = options;
  const pools = new Set<WorkerPool>();
  let starting: Promise<Started> | undefined;
  let stopping: Promise<void> | undefined;
  let session: OpenSession | undefined;
  let announcer: Announcer | undefined;

  const jobs: QueuedJobs = createQueuedJobs({
    session: () => {
      if (session === undefined) {
        throw new Error("A wake-up came before the worker had started");
      }
      return session;
    },
    findDefinition: (identifier, version) => {
      const definition = definitions.get(identifier);
      return definition?.version === version ? definition : undefined;
    },
  });
  const retryTimer = createRetryTimer((count) => {
    for (const pool of pools) {
      nudge(pool, count);
    }
  });
  const endListening = events.on("task.failed", ({ retryInMs }) => {
    if (retryInMs !== null) {
      retryTimer.note(retryInMs);
    }
  });

  async function open(): Promise<Started> {
    const opened = await openSession({
      connectionString: options.connectionString,
      log: options.log,
      events,
      concurrency: options.concurrency,
      knownVersions: [...definitions.values()].map(({ version }) => version),
      isRunning: (jobId) => jobs.isRunning(jobId),
      onWritten: (jobIds) => announcer?.note(jobIds),
    });
    try {
      const rows = [...definitions].map(([identifier, definition]) => definitionRow(identifier, definition));
      await registerDefinitions(opened.pool, rows, false);
    } catch (error) {
      await opened.close();
      throw error;
    }
    session = opened;
    announcer = createAnnouncer((jobIds) => announce(opened.pool, jobIds));
    const maintenance = startMaintenance({
      events,
      beat: () => beat(opened.pool, opened.workerId, [...pools].map(({ id }) => id), []),
      sweep: (after, limit) => sweep(opened.pool, after, limit),
    });
    events.emit("worker.started", { workerId: opened.workerId, identifiers: [...definitions.keys()] });
    return { session: opened, announcer, maintenance };
  }

  function start(): Promise<Started> {
    if (stopping !== undefined) {
      return Promise.reject(new Error("The worker has been stopped"));
    }
    if (starting === undefined) {
      starting = open();
      starting.catch(() => (starting = undefined));
    }
    return starting;
  }

  async function stop(): Promise<void> {
    const started = await starting?.catch(() => undefined);
    const timer = setTimeout(() => {
      jobs.abort();
    }, options.shutdownGraceMs);
    await jobs.drain();
    clearTimeout(timer);
    retryTimer.close();
    endListening();
    if (started !== undefined) {
      await started.maintenance.stop();
      await started.announcer.close();
      const handedBack = await started.session.close();
      events.emit("worker.stopped", { workerId: started.session.workerId, handedBack });
    }
  }

  return {
    async start() {
      await start();
    },
    async handleWakeUp(identifier, payload, helpers) {
      const started = await start();
      const jobId = jobIdOf(payload) ?? (await adopt(started.session, identifier, payload, helpers));
      await jobs.run(jobId);
    },
    notePool(pool) {
      pools.add(pool);
      void starting?.then(({ maintenance }) => maintenance.beatNow()).catch(() => {});
    },
    forgetPool(pool) {
      pools.delete(pool);
    },
    stop: () => (stopping ??= stop()),
  };

  async function adopt(
    { pool, closing }: OpenSession,
    identifier: string,
    payload: unknown,
    { job, getQueueName }: JobHelpers,
  ): Promise<string> {
    const queueName = await getQueueName();
    const wakeUp = {
      graphileJobId: job.id,
      identifier,
      payload,
      queueName,
      priority: job.priority,
      runAt: new Date(job.run_at),
    };
    const jobId = await repeatUntilAnswered(() => adoptJob(pool, wakeUp), { call: "adopt", events, signal: closing });
    events.emit("job.adopted", { jobId, identifier, graphileJobId: job.id });
    return jobId;
  }
}

function nudge(pool: WorkerPool, count: number): void {
  try {
    pool.nudge(count);
  } catch {
    // The pool is ending; whoever comes next polls.
  }
}
