import type { Logger } from "pino";
import type { TroubleKind } from "../database/transientErrors.ts";
import type { EventHub, RatchetEventName, RatchetEvents } from "./events.ts";

type Level = "debug" | "info" | "warn" | "error";
type LineOf<Event> = readonly [Level, string] | ((event: Event) => readonly [Level, string]);

/** What is wrong, and what happens next; then that it is over. */
const TROUBLES: Readonly<Record<TroubleKind, { readonly begins: string; readonly ends: string }>> = {
  unreachable: {
    begins: "Postgres cannot be reached; trying again until it answers",
    ends: "Postgres answers again",
  },
  refused: {
    begins: "Postgres lets this worker not in with its user, password and database; trying again until it does",
    ends: "Postgres lets this worker in again",
  },
  full: {
    begins: "Postgres has no connection left for this worker; trying again until it has one",
    ends: "Postgres has a connection for this worker again",
  },
  "read only": {
    begins: "Postgres refuses writes: it is a replica, or read-only; trying again until it takes them",
    ends: "Postgres takes writes again",
  },
  "disk full": {
    begins: "Postgres has no room on its disk; trying again until it has",
    ends: "Postgres has room on its disk again",
  },
  locked: {
    begins: "somebody's lock is in the way; other jobs go on, this is tried again until the lock is gone",
    ends: "the lock is gone",
  },
  rights: {
    begins: "Postgres refuses for lack of rights; trying again until they are granted",
    ends: "Postgres grants the rights again",
  },
  missing: {
    begins: "Postgres lacks a table or function of Ratchet's; trying again until it is there",
    ends: "Postgres has the table or function again",
  },
  other: {
    begins: "Postgres does not answer as it should; trying again until it does",
    ends: "Postgres answers as it should again",
  },
};

/** The one place where events become log lines. Texts are constant, values are fields. */
const LINES: { readonly [Name in RatchetEventName]: LineOf<RatchetEvents[Name]> } = {
  "job.claimed": ["info", "job claimed"],
  "job.completed": ["info", "job completed"],
  "job.handedBack": ["info", "job handed back"],
  "job.claimLost": ["info", "claim lost"],
  "job.adopted": ["info", "job adopted from graphile-worker"],
  "task.started": ["debug", "task started"],
  "task.skipped": ["info", "task skipped: already finished"],
  "task.completed": ["info", "task completed"],
  "task.failed": ({ retryInMs }) =>
    retryInMs === null ? ["error", "task failed for good"] : ["warn", "task failed and will be retried"],
  "database.troubled": ({ kind }) => ["warn", TROUBLES[kind].begins],
  "database.recovered": ({ kind }) => ["info", TROUBLES[kind].ends],
  "sweep.mended": ["warn", "sweep mended jobs"],
  "jobs.pruned": ["info", "finished jobs pruned"],
  // What made it end is told as the database's trouble.
  "runner.restarted": ["debug", "graphile-worker's runner ended and is started again"],
  "worker.started": ["info", "worker started"],
  "worker.stopping": ["info", "worker stops: running tasks may end within the grace, the rest is handed back then"],
  "worker.stopped": ({ handedBack }) =>
    handedBack === null
      ? [
          "warn",
          "worker stopped, and Postgres did not answer: what it held is not handed back; other workers take it over, or the next one that starts",
        ]
      : ["info", "worker stopped"],
  "worker.rescued": ["warn", "a worker died; its jobs go on"],
  "worker.pulseCrashed": ["error", "the thread that gives signs of life ended by itself, and is started again"],
  "worker.buried": ["warn", "this worker was taken for dead; it has dropped its jobs and goes on"],
};

/** Writes a line for each event; the returned function ends that. */
export function logEvents(events: EventHub, log: Logger): () => void {
  const names = Object.keys(LINES) as RatchetEventName[];
  const endings = names.map((name) => {
    const line = LINES[name] as LineOf<RatchetEvents[RatchetEventName]>;
    return events.on(name, (event) => {
      const [level, text] = typeof line === "function" ? line(event) : line;
      if (log.isLevelEnabled(level)) {
        log[level](fieldsOf(event), text);
      }
    });
  });
  return () => {
    for (const end of endings) {
      end();
    }
  };
}

/**
 * People read seconds; `durationMs`, `retryInMs` and `graceMs` become `seconds`, `retryInSeconds` and `graceSeconds`. Beside
 * lines that tell of jobs handed back, "0 handed back" would contradict them.
 */
function fieldsOf(event: object): object {
  const { durationMs, retryInMs, graceMs, handedBack, ...fields } = event as {
    readonly durationMs?: number;
    readonly retryInMs?: number | null;
    readonly graceMs?: number;
    readonly handedBack?: number | null;
  };
  return {
    ...fields,
    ...(handedBack === undefined || handedBack === 0 ? {} : { handedBack }),
    ...(graceMs === undefined ? {} : { graceSeconds: secondsOf(graceMs) }),
    ...(durationMs === undefined ? {} : { seconds: secondsOf(durationMs) }),
    ...(typeof retryInMs === "number" ? { retryInSeconds: secondsOf(retryInMs) } : {}),
  };
}

function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
