import type { Logger } from "pino";
import type { EventHub, RatchetEventName, RatchetEvents } from "./events.ts";

type Level = "debug" | "info" | "warn" | "error";
type LineOf<Event> = readonly [Level, string] | ((event: Event) => readonly [Level, string]);

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
  "database.troubled": ["warn", "database does not answer as it should; repeating"],
  "database.recovered": ["info", "database answers again"],
  "sweep.mended": ["warn", "sweep mended jobs"],
  "jobs.pruned": ["info", "finished jobs pruned"],
  "runner.restarted": ["warn", "graphile-worker's runner ended and is started again"],
  "worker.started": ["info", "worker started"],
  "worker.stopped": ["info", "worker stopped"],
  "worker.cleared": ["warn", "cleared what a dead worker of this host had left"],
};

/** Writes a line for each event; the returned function ends that. */
export function logEvents(events: EventHub, log: Logger): () => void {
  const names = Object.keys(LINES) as RatchetEventName[];
  const endings = names.map((name) => {
    const line = LINES[name] as LineOf<RatchetEvents[RatchetEventName]>;
    return events.on(name, (event) => {
      const [level, text] = typeof line === "function" ? line(event) : line;
      log[level](inSeconds(event), text);
    });
  });
  return () => {
    for (const end of endings) {
      end();
    }
  };
}

/** People read seconds; `durationMs` and `retryInMs` become `seconds` and `retryInSeconds`. */
function inSeconds(event: object): object {
  const { durationMs, retryInMs, ...fields } = event as {
    readonly durationMs?: number;
    readonly retryInMs?: number | null;
  };
  return {
    ...fields,
    ...(durationMs === undefined ? {} : { seconds: secondsOf(durationMs) }),
    ...(typeof retryInMs === "number" ? { retryInSeconds: secondsOf(retryInMs) } : {}),
  };
}

function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
