import type { Call } from "./calls.ts";
import { type Committed, WORKERS, hash } from "./laboratory.ts";
import type { Scope } from "./scopes.ts";
import type { Standing } from "./session.ts";
import { type Worker, idleWorker } from "./worker.ts";

/** A transaction that is open between two steps. */
export interface OpenCall {
  readonly session: string;
  /** A worker, rescuer, `O` (operator) or `S` (sweep). */
  readonly owner: string;
  readonly call: Call;
  readonly standing: Standing;
  /** Of all that the call has seen so far, and so of what its function has in its variables. */
  readonly seen: string;
  /** Its process waits for no answer any more: the connection broke at the COMMIT, which may still happen. */
  readonly isDetached: boolean;
}

/** How often each of these may still happen. */
export type Budget = Readonly<Record<BudgetName, number>>;

/** What is rationed, so that the states are finite in number. */
export type BudgetName =
  /** Switches from one actor to another while the first could go on. */
  | "switches"
  /** Wake-ups that nobody added: late, double, from graphile-worker's own sweep. */
  | "extraWakeUps"
  | "crashes"
  /** Live workers taken for dead. */
  | "burials"
  /** Connections lost at a COMMIT. */
  | "lostAnswers"
  | "failures"
  | "orders"
  /** Workers that stop before their next task. */
  | "stops"
  /** Sweeps in the middle of everything; one at the end is free. */
  | "sweeps";

/** Everything that the next steps depend on. */
export interface World {
  readonly committed: Committed;
  readonly workers: Readonly<Record<string, Worker>>;
  readonly open: readonly OpenCall[];
  readonly budget: Budget;
  /** Effects that the transaction task must have in the database. */
  readonly effects: number;
  /** Who made the last step. */
  readonly current: string;
  /** What was committed when the sweep at the end had nothing to do. */
  readonly sweptAt: string;
}

/** The state everything begins in. */
export function firstWorld(scope: Scope, committed: Committed): World {
  return {
    committed,
    workers: { W1: idleWorker("W1"), W2: idleWorker("W2") },
    open: [],
    budget: scope.budget,
    effects: 0,
    current: "",
    sweptAt: "",
  };
}

/** The call a process stands in. */
export function attachedCall(world: World, owner: string): OpenCall | undefined {
  return world.open.find((each) => each.owner === owner && !each.isDetached);
}

/** The row of a worker. */
export function workerRow({ committed }: World, name: string): Readonly<Record<string, unknown>> {
  return committed.tables["ratchet.workers"]?.find(({ id }) => id === WORKERS[name]) ?? {};
}

/** The row of the job. */
export function jobRow({ committed }: Pick<World, "committed">): Readonly<Record<string, unknown>> {
  return committed.tables["ratchet.jobs"]?.[0] ?? {};
}

/** The same for states with the same future. */
export function keyOf(world: World): string {
  const rowOrder = (world.committed.tables["graphile_worker._private_jobs"] ?? []).map((row) => row["id"]);
  return hash(
    JSON.stringify([
      world.committed.hash,
      Object.values(world.workers).map(({ want, wakeUp, ...rest }) => [
        rest,
        want === null ? null : [want.name, want.name.endsWith("wake-up") ? null : want.values],
        wakeUp === null ? null : rowOrder.indexOf(wakeUp),
      ]),
      world.open.map(({ owner, call, standing, seen, isDetached }) => [
        owner,
        call.name,
        standing.at,
        seen,
        isDetached,
      ]),
      world.budget,
      world.effects,
      world.current,
      world.sweptAt,
    ]),
  );
}
