import { type Call, fetchCall, orderCall, rescueCall, reviveCall, sweepCall, takeWakeUpCall } from "./calls.ts";
import { type Laboratory, WORKERS, hash } from "./laboratory.ts";
import { brokenByAnswer, brokenByFailure, brokenByRows } from "./promises.ts";
import type { Row, Session } from "./session.ts";
import { type Settled, settle } from "./settle.ts";
import type { Step } from "./steps.ts";
import { type Worker, answerLost, answered, cutOff, handlerEnds, isRolledBack, leaves, woken } from "./worker.ts";
import { type BudgetName, type OpenCall, type World, attachedCall, jobRow, workerRow } from "./world.ts";

/** What a step led to. */
export interface Outcome {
  readonly world: World;
  /** Promises that it broke, in words. */
  readonly broken: readonly string[];
  /** Calls that ended with an answer or an error, in words. */
  readonly answers: readonly string[];
}

/** A step as it is being done: the world so far, and what is told of it. */
interface Doing {
  world: World;
  readonly broken: string[];
  readonly answers: string[];
  /** Calls that this step began or let go on. */
  readonly moved: Set<string>;
  hasCommitted: boolean;
}

/** Does a step in the database, lets everything settle, and checks the promises. */
export async function applyStep(lab: Laboratory, before: World, step: Step): Promise<Outcome> {
  const doing: Doing = {
    world: { ...before, budget: afterPaying(before, step), current: step.actor },
    broken: [],
    answers: [],
    moved: new Set(),
    hasCommitted: false,
  };
  const ended = await act(lab, doing, step);
  const settled = await settleAll(lab, doing);
  const hasCommitted = doing.hasCommitted || [...settled.values()].some(({ at }) => at === "committed");
  const committed = hasCommitted ? await lab.read() : before.committed;
  doing.world = { ...doing.world, committed };
  if (ended !== undefined) {
    takeAnswer(doing, ended.open, ended.rows);
  }
  noteStandings(lab, doing, before, settled);
  if (committed.hash !== before.committed.hash) {
    const wasOrder = ended?.open.call.name === "order";
    doing.world = { ...doing.world, effects: doing.world.effects + undoneEffects(before, doing.world, wasOrder) };
    doing.broken.push(...brokenByRows(before, doing.world, wasOrder), ...(await lab.violations()));
  }
  return doing;
}

interface Ended {
  readonly open: OpenCall;
  readonly rows: readonly Row[];
}

/** The step itself. Returns the call whose COMMIT it was. */
async function act(lab: Laboratory, doing: Doing, { actor, action }: Step): Promise<Ended | undefined> {
  const worker = doing.world.workers[actor];
  switch (action.kind) {
    case "fetch":
    case "take wake-up": {
      doing.hasCommitted = true;
      const id = await callAtOnce(lab, doing, actor, action.kind === "fetch" ? fetchCall(actor) : takeWakeUpCall());
      if (id !== null && worker !== undefined) {
        change(doing, action.kind === "fetch" ? woken(worker, id) : { ...worker, wokenMeanwhile: true });
      }
      return undefined;
    }
    case "extra wake-up":
      change(doing, woken(demand(worker), null));
      start(lab, doing, actor, demand(demand(doing.world.workers[actor]).want));
      return undefined;
    case "call":
      start(lab, doing, actor, demand(demand(worker).want));
      return undefined;
    case "handler ends":
      await endHandler(lab, doing, demand(worker), action.outcome);
      return undefined;
    case "stop":
      change(doing, leaves(demand(worker), false));
      return undefined;
    case "crash":
      crash(doing, demand(worker));
      return undefined;
    case "go on":
      doing.moved.add(action.open.session);
      await lab.session(action.open.session).goOn();
      return undefined;
    case "commit":
      return commit(lab, doing, action.open);
    case "roll back":
      await drop(lab, doing, action.open);
      return undefined;
    case "lose connection":
      detach(doing, action.open);
      change(doing, answerLost(demand(doing.world.workers[action.open.owner])));
      return undefined;
    case "rescue":
      await endConnections(lab, doing, action.victim);
      start(lab, doing, actor, rescueCall(action.victim, 2, workerRow(doing.world, action.victim)["beat_at"]));
      return undefined;
    case "revive":
      change(doing, { ...demand(worker), at: "busy", want: reviveCall(actor) });
      start(lab, doing, actor, reviveCall(actor));
      return undefined;
    case "order":
      start(lab, doing, actor, orderCall(action.order));
      return undefined;
    case "sweep":
      doing.world = { ...doing.world, sweptAt: doing.world.committed.hash };
      start(lab, doing, actor, sweepCall());
      return undefined;
  }
}

async function endHandler(lab: Laboratory, doing: Doing, worker: Worker, outcome: "complete" | "fail"): Promise<void> {
  const transaction = attachedCall(doing.world, worker.name);
  if (transaction !== undefined) {
    await drop(lab, doing, transaction);
  }
  const ended = handlerEnds(worker, outcome);
  change(doing, ended);
  start(lab, doing, worker.name, demand(ended.want));
}

/** What it sent last may still happen. */
function crash(doing: Doing, worker: Worker): void {
  const open = attachedCall(doing.world, worker.name);
  if (open !== undefined) {
    detach(doing, open);
  }
  change(doing, { ...worker, at: "dead", want: null });
}

async function endConnections(lab: Laboratory, doing: Doing, victim: string): Promise<void> {
  for (const open of doing.world.open.filter(({ owner }) => owner === victim)) {
    await drop(lab, doing, open);
    if (!open.isDetached) {
      change(doing, cutOff(demand(doing.world.workers[victim])));
    }
  }
}

async function commit(lab: Laboratory, doing: Doing, open: OpenCall): Promise<Ended | undefined> {
  const session = lab.session(open.session);
  const rows = open.standing.at === "returned" ? open.standing.rows : [];
  if (isRolledBack(open.call, rows)) {
    await session.rollBack();
  } else {
    await session.commit();
    doing.hasCommitted = true;
  }
  remove(doing, open);
  return { open, rows };
}

/** What its owner does with the answer of a call that is committed; and what the others have to know of it. */
function takeAnswer(doing: Doing, open: OpenCall, rows: readonly Row[]): void {
  const { owner, call, isDetached } = open;
  doing.answers.push(`${owner}: ${call.name} = ${describe(rows)}${isDetached ? " (nobody hears it)" : ""}`);
  doing.broken.push(...brokenByAnswer(doing.world, open, rows));
  if (["rescue", "order", "sweep"].includes(call.name)) {
    for (const { name, claim } of Object.values(doing.world.workers)) {
      const job = jobRow(doing.world);
      if (claim !== null && (job["worker_id"] !== WORKERS[name] || job["fence"] !== claim.fence)) {
        revoke(doing, name);
      }
    }
  } else if (isDetached && (call.name === "fail" || call.name === "hand back")) {
    // Its claim has ended, though it does not know yet.
    revoke(doing, owner);
  }
  const worker = doing.world.workers[owner];
  if (worker !== undefined && !isDetached) {
    change(doing, answered(worker, rows));
  }
}

/** What became of every open call, those that this step only let go on included. */
function noteStandings(lab: Laboratory, doing: Doing, before: World, settled: ReadonlyMap<Session, Settled>): void {
  const others = before.open.map(({ session, seen }) => `${session} ${seen}`).join(",");
  for (const open of doing.world.open) {
    const standing = settled.get(lab.session(open.session));
    if (standing === undefined) {
      continue;
    }
    if (standing.at === "committed") {
      remove(doing, open);
      takeAnswer(doing, open, standing.rows);
    } else if (standing.at === "failed") {
      remove(doing, open);
      doing.answers.push(`${open.owner}: ${open.call.name} failed with ${standing.code}: ${standing.message}`);
      doing.broken.push(...brokenByFailure(open, standing.code, standing.message));
    } else if (doing.moved.has(open.session) || standing.at !== open.standing.at) {
      const seen = hash(
        [open.seen, JSON.stringify(standing), before.committed.hash, doing.world.committed.hash, others].join("|"),
      );
      replaceOpen(doing, { ...open, standing, seen });
    }
  }
}

async function settleAll(lab: Laboratory, { world, moved }: Doing): Promise<Map<Session, Settled>> {
  const inOrder = world.open.toSorted(
    (left, right) => Number(moved.has(left.session)) - Number(moved.has(right.session)),
  );
  return settle(
    lab,
    inOrder.map(({ session, call }) => ({ session: lab.session(session), isShort: call.isShort })),
  );
}

/** A statement of graphile-worker that never waits. */
async function callAtOnce(lab: Laboratory, { world }: Doing, owner: string, call: Call): Promise<number | null> {
  const session = lab.session(freeSession(world, owner));
  session.start(call.statement, call.text, call.values);
  await session.next();
  const standing = session.standing();
  await session.commit();
  const id = standing?.at === "returned" ? standing.rows[0]?.["id"] : undefined;
  return id === undefined ? null : Number(id);
}

function start(lab: Laboratory, doing: Doing, owner: string, call: Call): void {
  const session = freeSession(doing.world, owner);
  lab.session(session).start(call.statement, call.text, call.values);
  doing.moved.add(session);
  const open: OpenCall = { session, owner, call, standing: { at: "blocked" }, seen: "", isDetached: false };
  doing.world = { ...doing.world, open: [...doing.world.open, open] };
}

function freeSession({ open }: World, owner: string): string {
  const names = owner.startsWith("W") ? ["a", "b", "c"].map((letter) => owner + letter) : [owner];
  const free = names.find((name) => !open.some(({ session }) => session === name));
  if (free === undefined) {
    throw new Error(`${owner} has no session left.`);
  }
  return free;
}

async function drop(lab: Laboratory, doing: Doing, open: OpenCall): Promise<void> {
  await lab.session(open.session).rollBack();
  remove(doing, open);
}

function detach(doing: Doing, open: OpenCall): void {
  replaceOpen(doing, { ...open, isDetached: true });
}

function replaceOpen(doing: Doing, changed: OpenCall): void {
  const open = doing.world.open.map((each) => (each.session === changed.session ? changed : each));
  doing.world = { ...doing.world, open };
}

function remove(doing: Doing, { session }: OpenCall): void {
  doing.world = { ...doing.world, open: doing.world.open.filter((each) => each.session !== session) };
}

function change(doing: Doing, worker: Worker): void {
  doing.world = { ...doing.world, workers: { ...doing.world.workers, [worker.name]: worker } };
}

function revoke(doing: Doing, name: string): void {
  const worker = doing.world.workers[name];
  if (worker !== undefined && worker.claim !== null) {
    change(doing, { ...worker, claim: { ...worker.claim, isRevoked: true } });
  }
}

/** An order that lets a COMPLETED task run again makes room for one more effect. */
function undoneEffects(before: World, { committed }: World, wasOrder: boolean): number {
  const was = transactionStatus(before);
  const is = transactionStatus({ committed });
  if (was === is) {
    return 0;
  }
  return is === "COMPLETED" && !wasOrder ? 1 : 0;
}

function transactionStatus({ committed }: Pick<World, "committed">): unknown {
  return committed.tables["ratchet.tasks"]?.[1]?.["status"];
}

function afterPaying({ budget }: World, { costs }: Step): World["budget"] {
  const paid: Record<BudgetName, number> = { ...budget };
  for (const name of costs) {
    paid[name]--;
  }
  return paid;
}

function describe(rows: readonly Row[]): string {
  const row = rows[0] ?? {};
  const shown = [
    "outcome",
    "fence",
    "first_position",
    "holder",
    "stop",
    "count",
    "release_worker",
    "is_completed",
    "status",
    "woken",
  ]
    .filter((name) => row[name] !== undefined && row[name] !== null)
    .map((name) => `${name} ${String(row[name])}`);
  return shown.length === 0 ? "done" : shown.join(", ");
}

function demand<Value>(value: Value | null | undefined): Value {
  if (value === null || value === undefined) {
    throw new TypeError("A step was done in a state in which it is not possible.");
  }
  return value;
}
