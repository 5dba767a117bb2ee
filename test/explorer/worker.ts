import {
  type Call,
  type CallName,
  checkpointCall,
  claimCall,
  completeWakeUpCall,
  failWakeUpCall,
  handBackCall,
  settleCall,
  taskEndCall,
  transactionCall,
  wakeAgainCall,
} from "./calls.ts";
import { WORKERS } from "./laboratory.ts";
import type { Row } from "./session.ts";

/** A worker's process, as far as it deals with the job: what src/engine/ does with the answers of the database. */
export interface Worker {
  readonly name: string;
  /** `handling`: a plain handler runs. `dead`: the process has crashed. Else it is at, or about to make, its call. */
  readonly at: "idle" | "busy" | "handling" | "dead";
  /** The call it makes next, or makes now, and repeats while it gets no answer. */
  readonly want: Call | null;
  /** The graphile-worker row it works for; `null` if woken without one. */
  readonly wakeUp: number | null;
  readonly wokenMeanwhile: boolean;
  readonly claim: KnownClaim | null;
  /** The task it is in. */
  readonly position: number;
  /** It has learnt that its claim is lost, so that its wake-up ends with an error. */
  readonly hasLost: boolean;
  /** An earlier call of the claim that it makes got no answer, and may still take the job. */
  readonly isClaimUnclear: boolean;
}

/** A claim that a worker knows of. */
export interface KnownClaim {
  readonly fence: number;
  readonly first: number;
  /** Positions that are left to run, in order. */
  readonly left: readonly number[];
  /** A rescue or an order has ended it; the worker may not know. */
  readonly isRevoked: boolean;
}

/** The position of the transaction task. */
const TRANSACTION_TASK = 2;

/** A worker that has nothing to do. */
export function idleWorker(name: string): Worker {
  return {
    name,
    at: "idle",
    want: null,
    wakeUp: null,
    wokenMeanwhile: false,
    claim: null,
    position: 0,
    hasLost: false,
    isClaimUnclear: false,
  };
}

/** Woken: it claims the job. */
export function woken(worker: Worker, wakeUp: number | null): Worker {
  return { ...worker, at: "busy", wakeUp, want: claimCall(worker.name) };
}

/** The plain handler has ended. */
export function handlerEnds(worker: Worker, outcome: "complete" | "fail"): Worker {
  return { ...worker, at: "busy", want: checkpointCall(outcome, placeOf(worker)) };
}

/** It stops before the next task, or has lost its claim: the job is handed back. */
export function leaves(worker: Worker, hasLost: boolean): Worker {
  return { ...worker, at: "busy", hasLost, want: handBackCall("hand back", worker.name, fenceOf(worker)) };
}

/** The connection broke at a COMMIT: it repeats the call, or asks what became of the transaction. */
export function answerLost(worker: Worker): Worker {
  if (worker.want?.name === "run transaction task") {
    return { ...worker, want: taskEndCall(placeOf(worker)) };
  }
  return { ...worker, isClaimUnclear: worker.want?.name === "claim" };
}

/** The connection broke before the COMMIT: a transaction task first asks whether it may be repeated. */
export function cutOff(worker: Worker): Worker {
  return worker.want?.name === "run transaction task" ? beforeRepeat(worker) : worker;
}

/** Whether what the transaction wrote must be rolled back: only an end that was written is committed. */
export function isRolledBack(call: Call, rows: readonly Row[]): boolean {
  return call.name === "run transaction task" && rows[0]?.["outcome"] !== "written";
}

/** What the worker does with an answer. */
export function answered(worker: Worker, rows: readonly Row[]): Worker {
  const row = rows[0] ?? {};
  const { want } = worker;
  if (want === null) {
    return worker;
  }
  if (row["outcome"] === "refused" || isRolledBack(want, rows)) {
    return leaves(worker, true);
  }
  return ANSWERS[want.name]?.(worker, row) ?? idleWorker(worker.name);
}

/** After every other call it has nothing more to do. */
const ANSWERS: Partial<Readonly<Record<CallName, (worker: Worker, row: Row) => Worker>>> = {
  // What holds the rows may be its own COMMIT.
  claim: (worker, row) =>
    worker.isClaimUnclear && row["outcome"] === "locked"
      ? worker
      : claimAnswered({ ...worker, isClaimUnclear: false }, row),
  "hand back unknown claim": (worker) => ({ ...worker, want: claimCall(worker.name) }),
  complete: (worker, row) => (row["stop"] === true ? leaves(worker, false) : nextTask(worker)),
  "run transaction task": (worker, row) => (row["stop"] === true ? leaves(worker, false) : nextTask(worker)),
  "ask for its end": (worker, row) => (row["is_completed"] === true ? nextTask(worker) : beforeRepeat(worker)),
  mark: (worker) => ({ ...worker, want: transactionCall(placeOf(worker)) }),
  "hand back": (worker, row) => ends({ ...worker, hasLost: worker.hasLost && Number(row["count"]) === 0 }),
  fail: ends,
  settle: ends,
  "add wake-up": (worker) => ends({ ...worker, wokenMeanwhile: false }),
};

function beforeRepeat(worker: Worker): Worker {
  return { ...worker, want: checkpointCall("mark", placeOf(worker)) };
}

function claimAnswered(worker: Worker, row: Row): Worker {
  const fence = Number(row["fence"]);
  switch (row["outcome"]) {
    case "claimed": {
      const plan = row["plan"] as readonly (readonly [number, string, string, string, string])[];
      const left = plan.flatMap((task) => (["COMPLETED", "SKIPPED", "CANCELLED"].includes(task[4]) ? [] : [task[0]]));
      const first = Number(row["first_position"]);
      return nextTask({ ...worker, claim: { fence, first, left, isRevoked: false } });
    }
    case "held":
      return row["holder"] === WORKERS[worker.name]
        ? { ...worker, want: handBackCall("hand back unknown claim", worker.name, fence) }
        : ends(worker);
    case "contradictory":
      return { ...worker, want: settleCall() };
    case "locked":
    case "not due":
    case "buried":
    case "suspect":
      return { ...worker, want: wakeAgainCall() };
    default:
      return ends(worker);
  }
}

function nextTask(worker: Worker): Worker {
  const { claim } = worker;
  const [position, ...left] = claim?.left ?? [];
  if (claim === null || position === undefined) {
    return ends(worker);
  }
  const next: Worker = { ...worker, at: "busy", position, claim: { ...claim, left } };
  if (position !== TRANSACTION_TASK) {
    return { ...next, at: "handling", want: null };
  }
  const place = placeOf(next);
  return { ...next, want: position === claim.first ? transactionCall(place) : checkpointCall("mark", place) };
}

function ends(worker: Worker): Worker {
  const { name, wakeUp, wokenMeanwhile, hasLost } = worker;
  const ended: Worker = { ...worker, at: "busy", claim: null, position: 0 };
  if (wokenMeanwhile) {
    return { ...ended, want: wakeAgainCall() };
  }
  if (wakeUp === null) {
    return idleWorker(name);
  }
  return { ...ended, want: hasLost ? failWakeUpCall(wakeUp, name) : completeWakeUpCall(wakeUp) };
}

function placeOf(worker: Worker): { worker: string; position: number; fence: number } {
  return { worker: worker.name, position: worker.position, fence: fenceOf(worker) };
}

function fenceOf({ claim }: Worker): number {
  return claim?.fence ?? 0;
}
