import type { Logger } from "pino";
import type { EventHub, RatchetEventName, RatchetEvents } from "./events.ts";

type LinesOf = { readonly [Name in RatchetEventName]: (log: Logger, event: RatchetEvents[Name]) => void };

/** The one place where events become log lines. Texts are constant, values are fields. */
const LINES: LinesOf = {
  "job.claimed": (log, event) => log.info(event, "job claimed"),
  "job.completed": (log, { durationMs, ...event }) => log.info({ ...event, seconds: secondsOf(durationMs) }, "job completed"),
  "job.handedBack": (log, event) => log.info(event, "job handed back"),
  "job.claimLost": (log, event) => log.info(event, "claim lost"),
  "job.adopted": (log, event) => log.info(event, "job adopted from graphile-worker"),
  "task.started": (log, event) => log.debug(event, "task started"),
  "task.skipped": (log, event) => log.info(event, "task skipped: already finished"),
  "task.completed": (log, { durationMs, ...event }) => log.info({ ...event, seconds: secondsOf(durationMs) }, "task completed"),
  "task.failed": (log, { durationMs, retryInMs, ...event }) => {
    const fields = { ...event, seconds: secondsOf(durationMs) };
    if (retryInMs === null) {
      log.error(fields, "task failed for good");
    } else {
      log.warn({ ...fields, retryInSeconds: secondsOf(retryInMs) }, "task failed and will be retried");
    }
  },
  "database.troubled": (log, event) => log.warn(event, "database does not answer as it should; repeating"),
  "database.recovered": (log, { durationMs, ...event }) =>
    log.info({ ...event, seconds: secondsOf(durationMs) }, "database answers again"),
  "sweep.mended": (log, event) => log.warn(event, "sweep mended jobs"),
  "runner.restarted": (log, event) => log.warn(event, "graphile-worker's runner ended and is started again"),
  "worker.started": (log, event) => log.info(event, "worker started"),
  "worker.stopped": (log, event) => log.info(event, "worker stopped"),
  "worker.cleared": (log, event) => log.warn(event, "cleared what a dead worker of this host had left"),
};

/** Writes a line for each event; the returned function ends that. */
export function logEvents(events: EventHub, log: Logger): () => void {
  const names = Object.keys(LINES) as RatchetEventName[];
  const endings = names.map((name) => logEvent(events, log, name));
  return () => {
    for (const end of endings) {
      end();
    }
  };
}

function logEvent<Name extends RatchetEventName>(events: EventHub, log: Logger, name: Name): () => void {
  const writeLine = LINES[name];
  return events.on(name, (event) => {
    writeLine(log, event);
  });
}

function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds) / 1000;
}
