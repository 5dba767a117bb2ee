/** What the process is given. */
export interface WorkerRun {
  readonly databaseUrl: string;
  /** Default: Ratchet's. */
  readonly concurrency?: number;
  /** How long each handler sleeps; 0: it does nothing. */
  readonly sleepMs: number;
  /** Null: until standard input ends. */
  readonly stopAfterJobs: number | null;
  /** Notes the resident memory after each so many jobs. */
  readonly rssEveryJobs?: number;
}

/** What it prints. */
export interface WorkerAnswer {
  /** Epoch milliseconds; 0 if it ran no handler. */
  readonly firstStartMs: number;
  readonly lastDoneMs: number;
  readonly jobs: number;
  readonly handlersRun: number;
  readonly rssMb: readonly number[];
  readonly peakRssMb: number;
}

/** Five tasks a job. */
export const FIVE = "five";
/** A task for each element of the array `items`. */
export const PARTS = "parts";
