import { isDone, isFinal, type ProgressSnapshot, type ProgressTask } from "./snapshot.ts";

/** What a follower remembers between two snapshots of one job. */
export interface History {
  readonly latest: ProgressSnapshot;
  /** Positions of the tasks that the job's present run passed over, since they were done before it began. */
  readonly skipped: ReadonlySet<number>;
  /** By position, the error of the last try that was seen to fail; the task itself forgets it when it is tried again. */
  readonly lastErrors: ReadonlyMap<number, string>;
  /** Whether the job stood still at the last look, so that the next movement is a resumption. */
  readonly paused: boolean;
}

/** One thing that is new in a snapshot. */
export type Change =
  | { readonly kind: "queued"; readonly snapshot: ProgressSnapshot }
  | { readonly kind: "resumed"; readonly skipped: readonly ProgressTask[]; readonly at: Date }
  | { readonly kind: "task"; readonly task: ProgressTask }
  | { readonly kind: "retry"; readonly at: Date; readonly delayMs: number }
  | { readonly kind: "ended"; readonly snapshot: ProgressSnapshot };

/**
 * Takes the next snapshot in. `resuming` matters for the first one alone: true if the job was queued earlier and no
 * worker has it now, so that what is done already will be passed over.
 */
export function observe(
  before: History | null,
  snapshot: ProgressSnapshot,
  resuming: boolean,
): { history: History; changes: Change[] } {
  if (before === null) {
    return observeFirst(snapshot, resuming);
  }
  const earlier = new Map(before.latest.tasks.map((task) => [task.position, task]));
  const changed = snapshot.tasks.filter((task) => isNew(earlier.get(task.position), task));
  const changes: Change[] = [];
  let { skipped, paused } = before;

  const firstMoved = changed.find((task) => task.status !== "PENDING");
  if (paused && firstMoved !== undefined) {
    const passedOver = before.latest.tasks.filter(isDone);
    skipped = new Set(passedOver.map((task) => task.position));
    paused = false;
    if (passedOver.length > 0) {
      const at = firstMoved.startedAt ?? firstMoved.completedAt ?? snapshot.now;
      changes.push({ kind: "resumed", skipped: passedOver, at });
    }
  }
  changes.push(...changed.map((task): Change => ({ kind: "task", task })));
  changes.push(...outcomeOf(before.latest, snapshot));
  return {
    history: {
      latest: snapshot,
      skipped,
      lastErrors: withErrorsOf(snapshot, before.lastErrors),
      paused: paused || isWaitingForRetry(snapshot),
    },
    changes,
  };
}

function observeFirst(snapshot: ProgressSnapshot, resuming: boolean): { history: History; changes: Change[] } {
  const changes: Change[] = [{ kind: "queued", snapshot }];
  // What is done will be reported as passed over when the job moves; what failed is worth a line now.
  const worthALine = snapshot.tasks.filter((task) => (resuming ? task.status === "FAILED" : task.status !== "PENDING"));
  changes.push(...worthALine.map((task): Change => ({ kind: "task", task })));
  changes.push(...outcomeOf(null, snapshot));
  const paused = (resuming && !isFinal(snapshot)) || isWaitingForRetry(snapshot);
  return {
    history: { latest: snapshot, skipped: new Set(), lastErrors: withErrorsOf(snapshot, new Map()), paused },
    changes,
  };
}

function withErrorsOf(snapshot: ProgressSnapshot, earlier: ReadonlyMap<number, string>): ReadonlyMap<number, string> {
  const failed = snapshot.tasks.flatMap(({ position, errorMessage }): [number, string][] =>
    errorMessage === null ? [] : [[position, errorMessage]],
  );
  return failed.length === 0 ? earlier : new Map([...earlier, ...failed]);
}

function outcomeOf(before: ProgressSnapshot | null, snapshot: ProgressSnapshot): Change[] {
  if (isFinal(snapshot)) {
    return before !== null && isFinal(before) ? [] : [{ kind: "ended", snapshot }];
  }
  const at = snapshot.nextAttemptAt;
  if (!isWaitingForRetry(snapshot) || at === null || at.getTime() === before?.nextAttemptAt?.getTime()) {
    return [];
  }
  return [{ kind: "retry", at, delayMs: at.getTime() - snapshot.now.getTime() }];
}

/** Whether the job has failed and will be tried again. */
export function isWaitingForRetry(snapshot: ProgressSnapshot): boolean {
  return snapshot.status === "FAILED" && snapshot.nextAttemptAt !== null;
}

function isNew(before: ProgressTask | undefined, task: ProgressTask): boolean {
  if (before === undefined || before.status !== task.status || before.attempts !== task.attempts) {
    return true;
  }
  // A predecessor's RUNNING mark looks the same but for its time.
  return task.status === "RUNNING" && before.startedAt?.getTime() !== task.startedAt?.getTime();
}
