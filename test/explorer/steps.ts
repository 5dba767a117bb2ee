import { HANDLER_RAN } from "./instrument.ts";
import { WORKERS } from "./laboratory.ts";
import type { Scope } from "./scopes.ts";
import type { Worker } from "./worker.ts";
import { type BudgetName, type OpenCall, type World, attachedCall, jobRow, workerRow } from "./world.ts";

/** What can happen next. */
export interface Step {
  /** Names it in a trace: unique among the steps that are possible in one state. */
  readonly name: string;
  readonly actor: string;
  readonly action: Action;
  /** What it takes from the budget. */
  readonly costs: readonly BudgetName[];
  /** Happens by itself sooner or later, with no fault and no order. */
  readonly isRegular: boolean;
}

/** What a step does. */
export type Action =
  | { readonly kind: "fetch" | "take wake-up" | "extra wake-up" | "call" | "crash" | "stop" | "revive" }
  | { readonly kind: "handler ends"; readonly outcome: "complete" | "fail" }
  | { readonly kind: "go on" | "commit" | "roll back" | "lose connection"; readonly open: OpenCall }
  | { readonly kind: "rescue"; readonly victim: string }
  | { readonly kind: "order"; readonly order: string }
  | { readonly kind: "sweep" };

/** All steps that are possible, within the budget. */
export function possibleSteps(world: World, scope: Scope): Step[] {
  const others = [
    ...Object.values(world.workers).flatMap((worker) => workerSteps(world, worker)),
    ...scope.rescuers.flatMap((rescuer) => rescuerSteps(world, rescuer)),
    ...operatorSteps(world, scope),
    ...(attachedCall(world, "S") === undefined ? [] : callSteps(world, "S")),
    ...world.open.filter(({ isDetached }) => isDetached).flatMap(detachedSteps),
  ];
  const all = [...others, ...sweepSteps(world, others)];
  return all.map((each) => withSwitch(world, each, all)).filter((each) => isAffordable(world, each));
}

function workerSteps(world: World, worker: Worker): Step[] {
  const { name, at, claim } = worker;
  // No connection of a worker is let in while it is being rescued.
  if (at === "dead" || world.open.some(({ call }) => call.name === "rescue" && call.values[0] === WORKERS[name])) {
    return [];
  }
  // Both are alike: the one that begins is the first.
  if (name === "W2" && world.current === "") {
    return [];
  }
  const open = attachedCall(world, name);
  const steps = open === undefined ? freeWorkerSteps(world, worker) : callingWorkerSteps(world, worker, open);
  if (claim !== null && hasFreeWakeUp(world)) {
    steps.push(step(`${name} is woken while it runs the job`, name, { kind: "take wake-up" }));
  }
  // Elsewhere in a call a crash leaves what it leaves before the call.
  if (at !== "idle" && (open === undefined || open.standing.at === "returned")) {
    steps.push(step(`${name} crashes`, name, { kind: "crash" }, ["crashes"]));
  }
  return steps;
}

function callingWorkerSteps(world: World, { name }: Worker, { standing }: OpenCall): Step[] {
  const steps = callSteps(world, name);
  if (standing.at === "paused" && standing.label === HANDLER_RAN) {
    steps.push(step(`${name}'s handler fails`, name, { kind: "handler ends", outcome: "fail" }, ["failures"]));
  }
  return steps;
}

function freeWorkerSteps(world: World, { name, at, want }: Worker): Step[] {
  const stops = step(`${name} stops`, name, { kind: "stop" }, ["stops"]);
  if (at === "handling") {
    return [
      step(`${name} ends its handler`, name, { kind: "handler ends", outcome: "complete" }),
      step(`${name}'s handler fails`, name, { kind: "handler ends", outcome: "fail" }, ["failures"]),
      stops,
    ];
  }
  if (want !== null) {
    const call = step(`${name} calls ${want.name}`, name, { kind: "call" });
    return want.name === "mark" ? [call, stops] : [call];
  }
  if (isStopped(world, name)) {
    return [step(`${name} learns that it was taken for dead`, name, { kind: "revive" })];
  }
  const extra = step(`${name} is woken once more`, name, { kind: "extra wake-up" }, ["extraWakeUps"]);
  return hasFreeWakeUp(world) ? [step(`${name} is woken`, name, { kind: "fetch" }), extra] : [extra];
}

function callSteps(world: World, owner: string): Step[] {
  const open = attachedCall(world, owner);
  if (open?.standing.at === "paused") {
    return [step(`${owner} goes on after "${open.standing.label}"`, owner, { kind: "go on", open })];
  }
  if (open?.standing.at !== "returned") {
    return [];
  }
  const { name } = open.call;
  const commits = step(`${owner} commits "${name}"`, owner, { kind: "commit", open });
  const lost = { kind: "lose connection", open } as const;
  return owner in world.workers
    ? [commits, step(`${owner} loses its connection at the COMMIT of "${name}"`, owner, lost, ["lostAnswers"])]
    : [commits];
}

function detachedSteps(open: OpenCall): Step[] {
  const { owner, call } = open;
  return [
    step(`the COMMIT of "${call.name}" that ${owner} sent happens`, owner, { kind: "commit", open }),
    step(`the COMMIT of "${call.name}" that ${owner} sent does not happen`, owner, { kind: "roll back", open }),
  ];
}

function rescuerSteps(world: World, rescuer: string): Step[] {
  if (attachedCall(world, rescuer) !== undefined) {
    return callSteps(world, rescuer);
  }
  // Rescuers are alike: the second comes only while the first is at it.
  if (rescuer === "R2" && attachedCall(world, "R1") === undefined) {
    return [];
  }
  return Object.values(world.workers).flatMap(({ name, at }) => {
    const action = { kind: "rescue", victim: name } as const;
    if (isStopped(world, name) || at === "idle") {
      return [];
    }
    return at === "dead"
      ? [step(`${rescuer} rescues ${name}`, rescuer, action)]
      : [step(`${rescuer} takes ${name} for dead`, rescuer, action, ["burials"])];
  });
}

function operatorSteps(world: World, scope: Scope): Step[] {
  if (attachedCall(world, "O") !== undefined) {
    return callSteps(world, "O");
  }
  return scope.orders.map((order) => step(`O ${order}`, "O", { kind: "order", order }, ["orders"]));
}

function sweepSteps(world: World, others: readonly Step[]): Step[] {
  if (attachedCall(world, "S") !== undefined) {
    return [];
  }
  const isQuiet = !others.some(({ isRegular }) => isRegular) && world.open.length === 0;
  if (isQuiet) {
    return isJobFinal(world) || world.sweptAt === world.committed.hash
      ? []
      : [step("S sweeps, because nothing else happens", "S", { kind: "sweep" })];
  }
  return [step("S sweeps", "S", { kind: "sweep" }, ["sweeps"])];
}

/** Whether the job will not go on without an order. */
function isJobFinal(world: World): boolean {
  return jobRow(world)["finished_at"] !== null;
}

function isStopped(world: World, worker: string): boolean {
  return workerRow(world, worker)["stopped_at"] !== null;
}

function hasFreeWakeUp(world: World): boolean {
  return (world.committed.tables["graphile_worker._private_jobs"] ?? []).some((row) => row["is_available"] === true);
}

/** Who could go on and does not: that is what makes schedules many. Whoever waits, or has nothing to do, is left for free. */
function withSwitch(world: World, given: Step, all: readonly Step[]): Step {
  const couldGoOn = all.some(({ actor, isRegular }) => actor === world.current && isRegular);
  return given.actor !== world.current && couldGoOn ? { ...given, costs: [...given.costs, "switches"] } : given;
}

function isAffordable(world: World, { costs }: Step): boolean {
  return costs.every((name) => world.budget[name] > 0);
}

function step(name: string, actor: string, action: Action, costs: readonly BudgetName[] = []): Step {
  return { name, actor, action, costs, isRegular: costs.length === 0 };
}
