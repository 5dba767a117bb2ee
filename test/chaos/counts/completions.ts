import { type ChangeRow, type Evidence, type Finding, placeOf } from "../evidence.ts";
import type { LedgerEntry } from "../ledgerFile.ts";

const FINISHED = new Set(["COMPLETED", "SKIPPED"]);

function startsOf(evidence: Evidence): LedgerEntry[] {
  return evidence.entries.filter(({ event }) => event === "start");
}

/** The newest change that a claim with this fence stands on. */
function lastBefore(changes: readonly ChangeRow[] | undefined, fence: number): ChangeRow | undefined {
  return changes?.findLast((change) => change.newFence <= fence);
}

/** Handlers begun under a claim that is newer than the commit which finished their task, without an order to do so. */
export function finishedTasksRunAgain(evidence: Evidence): Finding[] {
  const changes = Map.groupBy(evidence.changes, placeOf);
  return startsOf(evidence).flatMap((start) => {
    const last = lastBefore(changes.get(placeOf(start)), start.fence);
    return last !== undefined && FINISHED.has(last.to) && last.newFence < start.fence
      ? [
          {
            jobId: start.jobId,
            text: `task ${start.position} was ${last.to} under fence ${last.newFence} and began again in ${start.process} under fence ${start.fence}`,
          },
        ]
      : [];
  });
}

/** A claim begins each task once; a transaction that Postgres asks to repeat may begin several times. */
export function startedTwiceInOneClaim(evidence: Evidence): Finding[] {
  const plain = startsOf(evidence).filter(({ jobId, position }) => {
    const task = evidence.tasks.get(jobId)?.[position - 1];
    return task?.template !== "write";
  });
  const starts = Map.groupBy(plain, (start) => `${placeOf(start)} under fence ${start.fence}`);
  return [...starts].flatMap(([what, [first, ...others]]) =>
    first !== undefined && others.length > 0
      ? [{ jobId: first.jobId, text: `${what} began ${others.length + 1} times` }]
      : [],
  );
}

/** Tasks of which two ends were accepted, without an order between them. */
export function finishedTwice(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const [place, changes] of Map.groupBy(evidence.changes, placeOf)) {
    let finishedBy: ChangeRow | null = null;
    for (const change of changes) {
      if (FINISHED.has(change.to)) {
        if (finishedBy !== null) {
          findings.push({
            jobId: change.jobId,
            text: `${place} was finished under fence ${finishedBy.newFence} and again under fence ${change.newFence}`,
          });
        }
        finishedBy = change;
      } else if (FINISHED.has(change.from)) {
        finishedBy = null;
      }
    }
  }
  return findings;
}

/** Writes that put an older fence in the place of a newer one. */
export function staleWritesAccepted(evidence: Evidence): Finding[] {
  return evidence.changes
    .filter(({ oldFence, newFence }) => newFence < oldFence)
    .map(({ jobId, position, from, to, oldFence, newFence }) => ({
      jobId,
      text: `task ${position} went from ${from} to ${to} by a write under fence ${newFence}, while fence ${oldFence} stood on it`,
    }));
}

/** Claims that took a job which another claim held. */
export function claimsOfHeldJobs(evidence: Evidence): Finding[] {
  return evidence.holders
    .filter(({ oldWorker, newWorker }) => oldWorker !== null && newWorker !== null)
    .map(({ jobId, oldWorker, newWorker, newFence }) => ({
      jobId,
      text: `worker ${newWorker} took it under fence ${newFence} while worker ${oldWorker} held it`,
    }));
}

/** Tasks begun before the end of each task before them was durable. */
export function startedOutOfOrder(evidence: Evidence): Finding[] {
  const changes = Map.groupBy(evidence.changes, placeOf);
  return startsOf(evidence).flatMap(({ jobId, position, fence, atMs, process }) => {
    const before = Array.from({ length: position - 1 }, (_, index) => index + 1);
    const early = before.find((earlier) => {
      const last = lastBefore(changes.get(placeOf({ jobId, position: earlier })), fence);
      return last === undefined || !FINISHED.has(last.to) || Math.floor(last.committedMs ?? 0) > atMs;
    });
    return early === undefined
      ? []
      : [
          {
            jobId,
            text: `task ${position} began in ${process} under fence ${fence} before task ${early} was durably finished`,
          },
        ];
  });
}

/** Transaction tasks whose row is not there exactly once for each of their ends. */
export function effectsNotOnce(evidence: Evidence): Finding[] {
  const effects = Map.groupBy(evidence.effects, placeOf);
  const ends = Map.groupBy(
    evidence.changes.filter(({ to, byOperator }) => to === "COMPLETED" && !byOperator),
    placeOf,
  );
  const places = [...evidence.tasks.values()].flat().filter(({ template }) => template === "write");
  return places.flatMap((task) => {
    const place = placeOf(task);
    const written = (effects.get(place) ?? []).map(({ fence }) => fence).toSorted((a, b) => a - b);
    const ended = (ends.get(place) ?? []).map(({ newFence }) => newFence).toSorted((a, b) => a - b);
    return written.join(" ") === ended.join(" ")
      ? []
      : [
          {
            jobId: task.jobId,
            text: `task ${task.position} has effects of fences [${written.join(", ")}] and ends under fences [${ended.join(", ")}]`,
          },
        ];
  });
}
