import { setImmediate } from "node:timers";
import type { DbJob, WorkerEventMap, WorkerEvents } from "graphile-worker";

/** Few, because each is a prepared statement of its own on each connection that fetches. */
const SIZES = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000];

/** Jobs that end within this time are the rate at which places become free. */
const RATE_WINDOW_MS = 1000;
/** What is fetched for places that are not free yet is about what begins within this part of the window. */
const AHEAD_PART = 0.3;
/** At most so many times the places are fetched ahead: between two fetches of a flood some places wait, so there had better be few. */
const MOST_AHEAD = 3;

type LocalQueue = WorkerEventMap["localQueue:init"]["localQueue"];

/**
 * Lets the local queue of graphile-worker's pool fetch together for all places that are free, and ahead for those that will
 * be within three tenths of a second as things go. Left alone it fetches a fixed number, and holds what slow handlers leave of
 * it while other workers are idle.
 * @param poolEvents events of one pool.
 * @param concurrency how many places it has.
 */
export function sizeFetches(poolEvents: WorkerEvents, concurrency: number): void {
  poolEvents.on("localQueue:init", ({ localQueue }) => {
    sizeFetchesOf(localQueue, poolEvents, countPlacesAhead(poolEvents, concurrency));
  });
}

/** Whether it is a fetch for no place, by the name of its prepared statement. */
export function isEmptyFetch(statementName: string): boolean {
  return statementName.startsWith("get_job0/");
}

function sizeFetchesOf(localQueue: LocalQueue, poolEvents: WorkerEvents, placesAhead: () => number): void {
  /** Whether there may be wake-ups of which nobody will tell us again. */
  let mayBeMore = true;
  let asked = 0;
  let answer: readonly DbJob[] | undefined;

  function askFor(): number {
    const places = localQueue.workerQueue.length + placesAhead();
    asked = SIZES.findLast((size) => size <= places) ?? 0;
    return asked;
  }

  /** graphile-worker looks again at once if it got so many. */
  function enoughToLookAgain(jobs: readonly DbJob[]): number {
    answer = undefined;
    // Of each named queue it gets one, and leaves out how many more of it were among those it asked for.
    mayBeMore = jobs.length === asked || jobs.some((job) => job.job_queue_id !== null);
    const placesLeft = localQueue.workerQueue.length - jobs.length + placesAhead();
    return mayBeMore && placesLeft > 0 ? 0 : Infinity;
  }

  // graphile-worker reads it before each fetch and after its answer, but would set it once.
  Object.defineProperty(localQueue, "getJobBatchSize", {
    get: () => (answer === undefined ? askFor() : enoughToLookAgain(answer)),
  });
  poolEvents.on("localQueue:getJobs:complete", ({ jobs }) => {
    answer = jobs;
  });

  // It does not fetch because a place becomes free. All that become free in this turn share the fetch.
  let isLooking = false;
  function look(): void {
    isLooking = false;
    if (mayBeMore && localQueue.workerQueue.length > 0) {
      localQueue.pulse(0);
    }
  }
  poolEvents.on("worker:getJob:start", () => {
    if (mayBeMore && !isLooking) {
      isLooking = true;
      setImmediate(look);
    }
  });
}

/** Tells how many places will be free soon, by how many jobs have ended lately; none while handlers take long. */
function countPlacesAhead(poolEvents: WorkerEvents, concurrency: number): () => number {
  let windowEndMs = 0;
  let ended = 0;
  let endedBefore = 0;
  poolEvents.on("job:complete", () => {
    ended++;
  });

  return () => {
    const nowMs = performance.now();
    if (nowMs >= windowEndMs) {
      endedBefore = nowMs < windowEndMs + RATE_WINDOW_MS ? ended : 0;
      ended = 0;
      windowEndMs = nowMs + RATE_WINDOW_MS;
    }
    return Math.min(Math.floor(Math.max(ended, endedBefore) * AHEAD_PART), concurrency * MOST_AHEAD);
  };
}
