import type { JobHelpers, WorkerPool } from "graphile-worker";
import type { Logger } from "pino";
import { registerDefinitions } from "../database/calls/definitions.ts";
import { pruneJobs } from "../database/calls/orders.ts";
import { announce, sweep } from "../database/calls/wakeUps.ts";
import type { SchemaNames } from "../database/schemaNames.ts";
import { createHeldJobs } from "../engine/heldJobs.ts";
import { type OpenSession, openSession } from "../engine/openSession.ts";
import { createQueuedJobs } from "../engine/queuedJobs.ts";
import type { EventHub } from "../telemetry/events.ts";
import { adoptWakeUp } from "./adoption.ts";
import { type Announcer, createAnnouncer } from "./announcer.ts";
import { endsWithin } from "../engine/deadline.ts";
import { type DefinitionMap, definitionRow, registeredVersion } from "./definitions.ts";
import { jobIdOf } from "./envelope.ts";
import { type Maintenance, startMaintenance } from "./maintenance.ts";
import { nudge } from "./nudge.ts";
import { type Pruning, startPruning } from "./pruning.ts";
import { createRetryTimer } from "./retryTimer.ts";

/** How long after the grace the last words may take: a cut-off handler has one second, its hand-back the other. */
export const LAST_WORDS_MS = 2000;
/**
 * How long after the grace it is said what becomes of the jobs, whether or not Postgres has let the connections go: before
 * the process that waits for the stop may end.
 */
const SAID_AFTER_GRACE_MS = 2800;
/** A hand-back to a Postgres that has not answered for two seconds. */
const RELEASE_WITHOUT_HOPE_MS = 700;
/** What runs when nothing of it matters any more. */
const LOOSE_ENDS_MS = 500;
const POOL_NOTED_WITHIN_MS = 5000;

/** What {@link createRuntime} takes. */
export interface RuntimeOptions {
  /** Default: libpq's environment variables. */
  readonly connectionString: string | undefined;
  /** As in `SessionOptions`. */
  readonly schemas: SchemaNames | undefined;
  readonly definitions: DefinitionMap;
  readonly concurrency: number;
  readonly log: Logger;
  readonly events: EventHub;
  /** How long running handlers may go on after a stop is asked for, in ms. */
  readonly shutdownGraceMs: number;
  /** As in `QueuedJobsOptions`. */
  readonly passedOn?: Set<string> | undefined;
}

/** Ratchet's part of one worker process: everything but graphile-worker itself. */
export interface Runtime {
  /**
   * Registers worker and definitions; further calls wait for the first. A failed start is tried again by the next call.
   * @returns the worker's number.
   */
  start(): Promise<number>;
  /** Runs the job that a wake-up is for, or adopts the wake-up first. */
  handleWakeUp(identifier: string, payload: unknown, helpers: JobHelpers): Promise<void>;
  /**
   * Notes a pool of graphile-worker's that fetches wake-ups for this process. Resolves when the database knows it, or after
   * five seconds: nothing is fetched from a database that is away either. Before the start it is only noted, and the start
   * waits for the database to know it.
   */
  notePool(pool: WorkerPool): Promise<void>;
  /** Notes that such a pool has ended. */
  forgetPool(pool: WorkerPool): void;
  /**
   * Lets running tasks end within the grace and hands back the rest. A wake-up that comes late is handed back too, until
   * {@link stop}. Ends soon after the grace even when Postgres is away. Safe twice.
   */
  drain(): Promise<void>;
  /** Drains, and closes every connection. Safe twice, and before the start. */
  stop(): Promise<void>;
}

interface Started {
  readonly session: OpenSession;
  readonly announcer: Announcer;
  readonly maintenance: Maintenance;
  readonly pruning: Pruning;
}

/** Creates a runtime; it connects when it is started. */
export function createRuntime(options: RuntimeOptions): Runtime {
  const { definitions, events, shutdownGraceMs } = options;
  const pools = new Set<WorkerPool>();
  let starting: Promise<Started> | undefined;
  let draining: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let session: OpenSession | undefined;
  let announcer: Announcer | undefined;
  let isGivenUp = false;
  let sayBy = Infinity;

  const held = createHeldJobs();
  const jobs = createQueuedJobs({
    held,
    session: () => {
      if (session === undefined) {
        throw new Error("A wake-up came before the worker had started");
      }
      return session;
    },
    findDefinition: (identifier, version) => {
      const definition = definitions.get(identifier);
      return definition !== undefined && registeredVersion(identifier, definition) === version ? definition : undefined;
    },
    passedOn: options.passedOn,
  });
  const retryTimer = createRetryTimer((count) => {
    for (const pool of pools) {
      nudge(pool, count);
    }
  });
  const endListening = [
    events.on("task.failed", ({ retryInMs }) => {
      if (retryInMs !== null) {
        retryTimer.note(retryInMs);
      }
    }),
    // What the dead one had fetched besides, and its named queues, are free again: an unlock notifies nobody.
    events.on("worker.rescued", ({ jobs: count }) => {
      for (const pool of pools) {
        nudge(pool, count + 1);
      }
    }),
  ];

  async function open(): Promise<Started> {
    const opened = await openSession({
      connectionString: options.connectionString,
      schemas: options.schemas,
      log: options.log,
      events,
      concurrency: options.concurrency,
      knownVersions: [...definitions].map(([identifier, definition]) => registeredVersion(identifier, definition)),
      held,
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
    // graphile-worker's own command makes its pool before it starts this.
    await tellPools();
    announcer = createAnnouncer((jobIds) => announce(opened.pool, jobIds));
    const maintenance = startMaintenance({
      events,
      sweep: () => sweep(opened.pool),
    });
    const pruning = startPruning({ events, prune: (maxJobs) => pruneJobs(opened.pool, maxJobs) });
    events.emit("worker.started", { workerId: opened.workerId, identifiers: [...definitions.keys()] });
    return { session: opened, announcer, maintenance, pruning };
  }

  async function tellPools(): Promise<void> {
    if (session !== undefined) {
      const poolIds = Array.from(pools, ({ id }) => id);
      await endsWithin(session.notePools(poolIds), POOL_NOTED_WITHIN_MS);
    }
  }

  function start(): Promise<Started> {
    if (starting === undefined) {
      if (draining !== undefined) {
        return Promise.reject(new Error("The worker has been stopped"));
      }
      starting = open();
      starting.catch(() => (starting = undefined));
    }
    return starting;
  }

  async function drain(): Promise<void> {
    sayBy = performance.now() + shutdownGraceMs + SAID_AFTER_GRACE_MS;
    const timer = setTimeout(() => {
      jobs.abort();
    }, shutdownGraceMs);
    const isDrained = await endsWithin(jobs.drain(), shutdownGraceMs + LAST_WORDS_MS);
    clearTimeout(timer);
    if (!isDrained) {
      isGivenUp = true;
      // Postgres is away: what waits for its answer gives up now, and whoever comes next finds the jobs as they stand there.
      void session?.close(RELEASE_WITHOUT_HOPE_MS);
    }
  }

  async function stop(): Promise<void> {
    const started = await starting?.catch(() => {});
    await (draining ??= drain());
    // Wake-ups that came since are handed back as well.
    await endsWithin(jobs.drain(), isGivenUp ? 0 : LOOSE_ENDS_MS);
    retryTimer.close();
    for (const end of endListening) {
      end();
    }
    if (started !== undefined) {
      const { maintenance, pruning } = started;
      await endsWithin(
        Promise.all([maintenance.stop(), pruning.stop(), started.announcer.close()]),
        isGivenUp ? 0 : LOOSE_ENDS_MS,
      );
      const closing = started.session.close();
      const isClosed = await endsWithin(closing, sayBy - performance.now());
      events.emit("worker.stopped", {
        workerId: started.session.workerId,
        handedBack: isClosed ? await closing : null,
      });
      await closing;
    }
  }

  return {
    async start() {
      const started = await start();
      return started.session.workerId;
    },
    async handleWakeUp(identifier, payload, helpers) {
      const started = await start();
      const jobId = jobIdOf(payload) ?? (await adoptWakeUp(started.session, identifier, payload, helpers));
      await jobs.run(jobId, identifier);
    },
    async notePool(pool) {
      pools.add(pool);
      await tellPools();
    },
    forgetPool(pool) {
      pools.delete(pool);
      void tellPools();
    },
    drain: () => (draining ??= drain()),
    stop: () => (stopping ??= stop()),
  };
}
