import { type Evidence, type FailureRow, type Finding, type TaskRow, placeOf } from "../evidence.ts";

/** Codes of a time-out, and of a try whose worker died. */
const TIMED_OUT = "RT119";
const WORKER_DIED = "RT021";

/** Whether a try ended because its worker did. */
export function isOrphaned({ code }: Pick<FailureRow, "code">): boolean {
  return code === WORKER_DIED;
}

// A full disk, a read-only server, no room for connections.
const REFUSED_BY_SERVER = /^(?:25006|53)/v;

/** Whether the handler of a transaction task met a Postgres that refused its own statement. */
export function isRefusedByServer(failure: FailureRow, { tasks }: Pick<Evidence, "tasks">): boolean {
  const task = tasks.get(failure.jobId)?.[failure.position - 1];
  return task?.template === "write" && REFUSED_BY_SERVER.test(failure.code ?? "");
}

function isPlanned(failure: FailureRow, task: TaskRow | undefined, throws: ReadonlySet<string>): boolean {
  if (failure.message === "planned") {
    return throws.has(`${placeOf(failure)} ${failure.fence}`);
  }
  return failure.code === TIMED_OUT && task?.template === "timed";
}

function plannedThrows({ entries }: Evidence): Set<string> {
  return new Set(entries.filter(({ event }) => event === "throw").map((entry) => `${placeOf(entry)} ${entry.fence}`));
}

/** Failed tries that no plan asked for, and whose worker lived. */
export function unplannedFailures(evidence: Evidence): Finding[] {
  const throws = plannedThrows(evidence);
  return evidence.failures
    .filter((failure) => {
      const task = evidence.tasks.get(failure.jobId)?.[failure.position - 1];
      return !isOrphaned(failure) && !isRefusedByServer(failure, evidence) && !isPlanned(failure, task, throws);
    })
    .map(({ jobId, position, fence, counted, name, message, code }) => ({
      jobId,
      text: `task ${position} failed under fence ${fence}${counted ? "" : " (not counted)"}: ${name} ${code ?? ""} ${message}`,
    }));
}

/** Jobs that have failed for good though no task of theirs kills or fails as often as that. */
export function innocentJobsFailed(evidence: Evidence): Finding[] {
  const failures = Map.groupBy(evidence.failures, placeOf);
  return [...evidence.jobs.values()].flatMap(({ id, status, isFinished, maxAttempts }) => {
    const failed = evidence.tasks.get(id)?.find((task) => task.status === "FAILED");
    if (status !== "FAILED" || !isFinished || failed === undefined) {
      return [];
    }
    const { input } = failed;
    const isGuilty = input !== null && (input.kind === "fail" || input.kind === "poison") && input.times >= maxAttempts;
    const last = failures.get(placeOf(failed))?.at(-1);
    return isGuilty || last === undefined || !isOrphaned(last)
      ? []
      : [{ jobId: id, text: `task ${failed.position} (${input?.kind}) failed for good: ${last.message}` }];
  });
}

/** Tasks whose tries do not add up: one for each counted failure since the last order, and one for the end. */
export function attemptsMiscounted(evidence: Evidence): Finding[] {
  const failures = Map.groupBy(
    evidence.failures.filter(({ counted }) => counted),
    placeOf,
  );
  const changes = Map.groupBy(evidence.changes, placeOf);
  return [...evidence.tasks.values()].flat().flatMap((task) => {
    const place = placeOf(task);
    const reset = changes.get(place)?.findLast(({ to }) => to === "PENDING")?.newFence ?? 0;
    const failed = (failures.get(place) ?? []).filter(({ fence }) => fence >= reset).length;
    const end = changes.get(place)?.findLast(({ to }) => to === "COMPLETED");
    const isEndedByItself = task.status === "COMPLETED" && end?.byOperator === false;
    const expected = failed + (isEndedByItself ? 1 : 0);
    const isByOperator = task.status === "COMPLETED" && !isEndedByItself;
    return task.attempts === expected || isByOperator
      ? []
      : [
          {
            jobId: task.jobId,
            text: `task ${task.position} is ${task.status} with ${task.attempts} tries, of which ${expected} happened`,
          },
        ];
  });
}
