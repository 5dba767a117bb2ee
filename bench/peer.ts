/**
 * What the harness asks of a system it measures. One file a peer in `bench/peers/`, which exports `peers`: a list of
 * {@link Peer} (one with default settings, one tuned, say). `bench/peers/index.ts` lists them all.
 *
 * Each step runs as `node bench/run.ts <peer> <step> <json options>` in a process of its own: `prepare` (setUp, then
 * fill) and after it `drain`, or `one`, or one of the `enqueue` steps after a `prepare` with no jobs. Every measurement
 * has a fresh database. Between `prepare` and the step the harness runs `vacuum analyze` and `checkpoint`.
 */

/** Tuning of a peer: what its sweep varies. The keys are the peer's own. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/**
 * The workloads peers take part in: jobs of five no-op tasks, the same with handlers that sleep 0-10 ms, one-task jobs,
 * and one five-task job at a time on an idle system.
 */
export type PeerWorkload = "noop" | "sleeping" | "single" | "idle";

/** The jobs of each workload. */
export const SHAPES: Readonly<Record<PeerWorkload, Pick<RunOptions, "tasksPerJob" | "sleepUpToMs">>> = {
  noop: { tasksPerJob: 5, sleepUpToMs: 0 },
  sleeping: { tasksPerJob: 5, sleepUpToMs: 10 },
  single: { tasksPerJob: 1, sleepUpToMs: 0 },
  idle: { tasksPerJob: 5, sleepUpToMs: 0 },
};

/** One run. The same object goes to every step of it. */
export interface RunOptions {
  /** A database of this run alone, of the superuser. Redis peers find `redisUrl` in `settings` instead. */
  readonly databaseUrl: string;
  /** How many jobs are filled in and drained, or for `one` how many go through one after the other. */
  readonly jobs: number;
  readonly tasksPerJob: number;
  /** Each handler waits `Math.random() * sleepUpToMs` by setTimeout; with 0 it does nothing and waits for nothing. */
  readonly sleepUpToMs: number;
  readonly settings: Settings;
}

/** What one drain gives back. */
export interface DrainResult {
  /** When the first handler began, epoch milliseconds with fractions ({@link nowMs}). */
  readonly firstStartMs: number;
  /** When the last job was known to be finished in the database, on the same clock. */
  readonly lastDoneMs: number;
  /** Handlers (steps) that ran, by a ledger in the process ({@link Ledger}). */
  readonly handlersRun: number;
  /** One sentence: what was checked so that every task of every job is COMPLETED exactly once. The check throws if not. */
  readonly verified: string;
  readonly peakRssMb: number;
}

/** What runs beside Postgres for one peer (a redis-server): started fresh for every run. */
export interface PeerService {
  /** Added to the settings of every step, e.g. `{ redisUrl }`. */
  readonly settings: Settings;
  stop(): Promise<void>;
}

/** A system under measurement. */
export interface Peer {
  /** As on the command line: `dbos`, `obvious-tuned`. */
  readonly name: string;
  /** As in tables: `DBOS Transact`. */
  readonly title: string;
  /** Package and version, e.g. `@dbos-inc/dbos-sdk 5.3.0`. */
  readonly version: () => Promise<string>;
  /** Null if it can run here, else one line that says why not and what would help. Default: it can. */
  readonly unavailable?: () => Promise<string | null>;
  /** Default: it needs Postgres only. */
  readonly startService?: () => Promise<PeerService>;
  /** The settings measured, found by the sweep; a workload that is missing is one it takes no part in. */
  readonly best: Readonly<Partial<Record<PeerWorkload, Settings>>>;
  /** About how many jobs it does in five seconds on two cores: a full run takes 70 % of it, a quick one 20 %. */
  readonly jobs: Readonly<Partial<Record<PeerWorkload, number>>>;
  /** What the sweep tries (`npm run sweep -- <peer>`). Empty: nothing to tune. */
  readonly sweep: Readonly<Partial<Record<PeerWorkload, readonly Settings[]>>>;
  /** What the settings mean and which configuration makes it durable, for docs/benchmarks.md. Markdown, one paragraph. */
  readonly about: string;
  /** Schema, registration: all that is done once for a database. */
  readonly setUp: (options: RunOptions) => Promise<void>;
  /** Enqueues `options.jobs` jobs, the fastest way it has. Not measured. Closes what it opened. */
  readonly fill: (options: RunOptions) => Promise<void>;
  /** Starts one worker, waits until all jobs are finished, stops it, checks. */
  readonly drain: (options: RunOptions) => Promise<DrainResult>;
  /**
   * Idle latency: with one worker running, `options.jobs` times one job: milliseconds from the call that enqueues until the
   * same process knows that the job's end is in the database (an event after the commit, a poll: the quickest way the peer has).
   */
  readonly one?: (options: RunOptions) => Promise<readonly number[]>;
  /** Jobs a second of `jobs` jobs of `tasksPerJob` tasks added while no worker runs. Each resolves when all are committed. */
  readonly enqueue?: {
    /** One call after the other on one connection. */
    readonly serial?: (options: RunOptions) => Promise<number>;
    /** 50 callers at once, each one call after the other, over the peer's own pool. */
    readonly concurrent?: (options: RunOptions) => Promise<number>;
    /** Many jobs a call. */
    readonly bulk?: (options: RunOptions) => Promise<number>;
  };
}

/** Epoch milliseconds with fractions; the same clock as Postgres' `clock_timestamp()` on one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Peak resident memory of this process. */
export function peakRssMb(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** Counts in the worker's process which step of which job ran. Jobs are numbered 0..jobs-1, steps 0..tasksPerJob-1. */
export interface Ledger {
  /** Called by each handler as the first thing it does. */
  ran(job: number, step: number): void;
  readonly firstStartMs: number;
  readonly handlersRun: number;
  /** Throws unless every step of every job ran exactly once. */
  check(): void;
}

/** See {@link Ledger}. */
export function createLedger({ jobs, tasksPerJob }: Pick<RunOptions, "jobs" | "tasksPerJob">): Ledger {
  const counts = new Uint8Array(jobs * tasksPerJob);
  let firstStartMs = 0;
  let handlersRun = 0;
  return {
    ran(job, step) {
      if (firstStartMs === 0) {
        firstStartMs = nowMs();
      }
      handlersRun++;
      const at = job * tasksPerJob + step;
      counts[at] = (counts[at] ?? 0) + 1;
    },
    get firstStartMs() {
      return firstStartMs;
    },
    get handlersRun() {
      return handlersRun;
    },
    check() {
      const wrong = counts.findIndex((count) => count !== 1);
      if (wrong !== -1 || handlersRun !== counts.length) {
        throw new Error(
          `${handlersRun} handlers ran of ${counts.length}; step ${wrong % tasksPerJob} of job ${Math.floor(wrong / tasksPerJob)} ran ${counts[wrong] ?? 0} times.`,
        );
      }
    },
  };
}
