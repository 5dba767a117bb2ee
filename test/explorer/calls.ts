import { JOB_ID, VERSION, WORKERS, poolOf } from "./laboratory.ts";

/** A call of a SQL function as the engine makes it. */
export interface Call {
  readonly name: CallName;
  /** Calls of one text have one. */
  readonly statement: string;
  readonly text: string;
  readonly values: readonly unknown[];
  /** Committed at once: nothing else depends on what it holds meanwhile, and its answer is not lost. */
  readonly isShort: boolean;
}

/** What a call is for. */
export type CallName =
  | "claim"
  | "complete"
  | "fail"
  | "mark"
  | "run transaction task"
  | "ask for its end"
  | "hand back"
  | "hand back unknown claim"
  | "settle"
  | "add wake-up"
  | "complete wake-up"
  | "fail wake-up"
  | "fetch"
  | "take wake-up"
  | "rescue"
  | "revive"
  | "order"
  | "sweep";

/** Where a claim stands. */
export interface Place {
  readonly worker: string;
  readonly position: number;
  readonly fence: number;
}

const CHECKPOINT = `select * from ratchet_private.checkpoint(
  $1::integer, array[$2::bigint], array[$3::integer], array[$4::integer], array[$5::text], array[5::double precision],
  array[null]::real[], array[null]::text[], $6::jsonb)`;

function idOf(worker: string): number {
  const id = WORKERS[worker];
  if (id === undefined) {
    throw new Error(`There is no worker "${worker}".`);
  }
  return id;
}

/** Takes the job. */
export function claimCall(worker: string): Call {
  return call("claim", "select * from ratchet_private.claim_jobs($1::integer, array[$2::bigint], array[$3::text])", [
    idOf(worker),
    JOB_ID,
    VERSION,
  ]);
}

/** Writes the end of a plain task, or the mark before a transaction task. */
export function checkpointCall(name: "complete" | "fail" | "mark", { worker, position, fence }: Place): Call {
  const failure = {
    item: 1,
    job_id: JOB_ID,
    position,
    fence,
    elapsed_ms: 5,
    counted: true,
    can_retry: true,
    delay_ms: null,
    error_name: "Error",
    error_message: "it broke",
    error_code: null,
    error_stack: null,
  };
  const kind = { complete: "C", fail: "F", mark: "R" }[name];
  const failures = name === "fail" ? JSON.stringify([failure]) : null;
  return call(name, CHECKPOINT, [idOf(worker), JOB_ID, position, fence, kind, failures]);
}

/** Runs a handler with an effect in the database, and writes its task's end, in one transaction. */
export function transactionCall({ worker, position, fence }: Place): Call {
  return call(
    "run transaction task",
    "select * from explorer.run_transaction_task($1::integer, $2::bigint, $3::integer, $4::integer)",
    [idOf(worker), JOB_ID, position, fence],
  );
}

/** Asks whether the transaction whose COMMIT got no answer has happened. */
export function taskEndCall({ position, fence }: Place): Call {
  return call(
    "ask for its end",
    "select ratchet_private.task_end($1::bigint, $2::integer, $3::integer) as is_completed",
    [JOB_ID, position, fence],
  );
}

/** Gives a claim back. */
export function handBackCall(name: "hand back" | "hand back unknown claim", worker: string, fence: number): Call {
  return call(
    name,
    "select ratchet_private.hand_back($1::integer, array[$2::bigint], array[$3::integer], interval '0') as count",
    [idOf(worker), JOB_ID, fence],
  );
}

/** Sets a contradictory job right. */
export function settleCall(): Call {
  return call("settle", "select ratchet_private.settle($1::bigint)", [JOB_ID]);
}

/** Adds a wake-up because one was used up. */
export function wakeAgainCall(): Call {
  return short("add wake-up", "select ratchet_private.add_wake_ups(array[$1::bigint])", [JOB_ID]);
}

/** What graphile-worker does when a handler returns: by id alone. */
export function completeWakeUpCall(id: number): Call {
  return short("complete wake-up", "delete from graphile_worker._private_jobs where id = $1::bigint", [id]);
}

/** What graphile-worker does when a handler throws; the time of the next attempt has come at once here. */
export function failWakeUpCall(id: number, worker: string): Call {
  return short(
    "fail wake-up",
    `update graphile_worker._private_jobs set last_error = 'lost', locked_by = null, locked_at = null
     where id = $1::bigint and locked_by = $2::text`,
    [id, poolOf(worker)],
  );
}

/** What graphile-worker does to get a job. */
export function fetchCall(worker: string): Call {
  return short(
    "fetch",
    `update graphile_worker._private_jobs set attempts = attempts + 1, locked_by = $1::text, locked_at = '2026-01-01'
     where id = (select id from graphile_worker._private_jobs where is_available and run_at <= now()
       order by id limit 1 for update skip locked)
     returning id`,
    [poolOf(worker)],
  );
}

/** A wake-up for a job that this process runs: noted, and completed at once. */
export function takeWakeUpCall(): Call {
  return short(
    "take wake-up",
    `delete from graphile_worker._private_jobs
     where id = (select id from graphile_worker._private_jobs where is_available and run_at <= now()
       order by id limit 1 for update skip locked)
     returning id`,
    [],
  );
}

/** Takes everything from a worker that is taken for dead. Its connections are ended by the explorer. */
export function rescueCall(victim: string, rescuer: number, beatAt: unknown): Call {
  return call(
    "rescue",
    "select ratchet_private.rescue_worker($1::integer, $2::integer, $3::timestamptz, true) as freed",
    [idOf(victim), rescuer, beatAt],
  );
}

/** A worker that was taken for dead comes to life again. */
export function reviveCall(worker: string): Call {
  return short("revive", "select explorer.revive($1::integer, $2::text, $3::text)", [
    idOf(worker),
    poolOf(worker),
    VERSION,
  ]);
}

/** Orders by name. */
export const ORDERS: Readonly<Record<string, string>> = {
  cancels: "select status from ratchet.cancel_job($1::bigint)",
  retries: "select status from ratchet.retry_job($1::bigint)",
  "retries from the first task": "select status from ratchet.retry_job($1::bigint, 'plain')",
  "retries from the second task": "select status from ratchet.retry_job($1::bigint, 'transaction')",
  "skips the first task": "select status from ratchet.skip_task($1::bigint, 'plain')",
  "skips the second task": "select status from ratchet.skip_task($1::bigint, 'transaction')",
  "completes the first task": "select status from ratchet.complete_task($1::bigint, 'plain')",
  "completes the second task": "select status from ratchet.complete_task($1::bigint, 'transaction')",
};

/** Gives an order about the job. */
export function orderCall(order: string): Call {
  const text = ORDERS[order];
  if (text === undefined) {
    throw new Error(`There is no order "${order}".`);
  }
  return { ...call("order", text, [JOB_ID]), statement: order };
}

/** The net. */
export function sweepCall(): Call {
  return call("sweep", "select * from ratchet_private.sweep(100, true)", []);
}

function call(name: CallName, text: string, values: readonly unknown[]): Call {
  return { name, statement: name, text, values, isShort: false };
}

function short(name: CallName, text: string, values: readonly unknown[]): Call {
  return { name, statement: name, text, values, isShort: true };
}
