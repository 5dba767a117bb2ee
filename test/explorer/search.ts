import { type Outcome, applyStep } from "./apply.ts";
import type { Laboratory } from "./laboratory.ts";
import { brokenAtTheEnd } from "./promises.ts";
import type { Scope } from "./scopes.ts";
import { type Step, possibleSteps } from "./steps.ts";
import { type World, firstWorld, keyOf } from "./world.ts";

/** What an exploration saw. */
export interface Exploration {
  readonly scope: string;
  readonly states: number;
  readonly transitions: number;
  /** States in which nothing happens any more. */
  readonly ends: number;
  /** Ends that only the sweep led to. */
  readonly mended: number;
  readonly longestTrace: number;
  readonly durationMs: number;
  /** `null`: no promise was broken. */
  readonly counterexample: Counterexample | null;
  /** The limit was reached before every state was seen. */
  readonly isCut: boolean;
}

/** A way to break a promise. */
export interface Counterexample {
  /** Names of the steps, one after the other. */
  readonly trace: readonly TracedStep[];
  readonly broken: readonly string[];
}

/** A step that was done, and the answers it brought. */
export interface TracedStep {
  readonly name: string;
  readonly answers: readonly string[];
}

/** How far a search goes. */
export interface Limits {
  readonly mostTransitions?: number;
  readonly mostMs?: number;
}

interface Node {
  /** Rows that were written again in the same state have other ids. */
  world: World;
  /** The last state before it in which no transaction was open, and the steps since: how it is come back to. */
  readonly base: World;
  readonly sinceBase: readonly { readonly step: Step; readonly key: string }[];
  readonly trace: readonly TracedStep[];
}

class Found extends Error {
  readonly counterexample: Counterexample;
  constructor(counterexample: Counterexample) {
    super("A promise was broken.");
    this.counterexample = counterexample;
  }
}

class Cut extends Error {}

/** Sees every state that the scope allows, depth first, each once; stops at the first broken promise. */
export async function explore(lab: Laboratory, start: World, scope: Scope, limits: Limits = {}): Promise<Exploration> {
  const { mostTransitions = Infinity, mostMs = Infinity } = limits;
  const startedAt = performance.now();
  const seen = new Set<string>([keyOf(start)]);
  let transitions = 0;
  let ends = 0;
  let mended = 0;
  let longestTrace = 0;
  let present: World = start;

  async function visit(node: Node): Promise<void> {
    const steps = possibleSteps(node.world, scope);
    longestTrace = Math.max(longestTrace, node.trace.length);
    if (isEnd(node.world, steps)) {
      ends++;
      mended += Number(node.world.sweptAt !== "");
    }
    const broken = brokenHere(node.world, scope);
    if (broken.length > 0) {
      throw new Found({ trace: node.trace, broken });
    }
    for (const step of steps) {
      if (present !== node.world) {
        await comeBack(lab, present, node);
        present = node.world;
      }
      if (transitions >= mostTransitions || performance.now() - startedAt > mostMs) {
        throw new Cut();
      }
      transitions++;
      const outcome = await applyStep(lab, node.world, step);
      present = outcome.world;
      const next = nodeAfter(node, step, outcome);
      if (outcome.broken.length > 0) {
        throw new Found({ trace: next.trace, broken: outcome.broken });
      }
      const key = keyOf(outcome.world);
      if (!seen.has(key)) {
        seen.add(key);
        await visit(next);
      }
    }
  }

  let counterexample: Counterexample | null = null;
  let isCut = false;
  try {
    await visit({ world: start, base: start, sinceBase: [], trace: [] });
  } catch (error) {
    if (error instanceof Found) {
      counterexample = error.counterexample;
    } else if (error instanceof Cut) {
      isCut = true;
    } else {
      throw error;
    }
  }
  await comeBack(lab, present, { world: start, base: start, sinceBase: [], trace: [] });
  const durationMs = performance.now() - startedAt;
  return {
    scope: scope.name,
    states: seen.size,
    transitions,
    ends,
    mended,
    longestTrace,
    durationMs,
    counterexample,
    isCut,
  };
}

/** Does the steps of a trace, leaving out those that are not possible; returns the first broken promise. */
export async function replay(
  lab: Laboratory,
  start: World,
  scope: Scope,
  names: readonly string[],
): Promise<Counterexample | null> {
  const begin: Node = { world: start, base: start, sinceBase: [], trace: [] };
  let node = begin;
  let counterexample: Counterexample | null = null;
  for (const name of names) {
    const step = possibleSteps(node.world, scope).find((each) => each.name === name);
    if (step === undefined) {
      continue;
    }
    const outcome = await applyStep(lab, node.world, step);
    node = nodeAfter(node, step, outcome);
    if (outcome.broken.length > 0) {
      counterexample = { trace: node.trace, broken: outcome.broken };
      break;
    }
  }
  if (counterexample === null) {
    const broken = brokenHere(node.world, scope);
    counterexample = broken.length === 0 ? null : { trace: node.trace, broken };
  }
  await comeBack(lab, node.world, begin);
  return counterexample;
}

/** A shortest way to break a promise, breadth first: dearer than {@link explore}, because each state is come back to. */
export async function findShortest(lab: Laboratory, start: World, scope: Scope): Promise<Counterexample | null> {
  const begin: Node = { world: start, base: start, sinceBase: [], trace: [] };
  const seen = new Set([keyOf(start)]);
  let present = start;
  let counterexample: Counterexample | null = null;
  let level = [begin];
  while (level.length > 0 && counterexample === null) {
    const nextLevel: Node[] = [];
    for (const node of level) {
      for (const step of possibleSteps(node.world, scope)) {
        if (present !== node.world) {
          await comeBack(lab, present, node);
        }
        const outcome = await applyStep(lab, node.world, step);
        present = outcome.world;
        const next = nodeAfter(node, step, outcome);
        const broken = [...outcome.broken, ...brokenHere(next.world, scope)];
        if (broken.length > 0) {
          counterexample ??= { trace: next.trace, broken };
        } else if (!seen.has(keyOf(next.world))) {
          seen.add(keyOf(next.world));
          nextLevel.push(next);
        }
      }
      if (counterexample !== null) {
        break;
      }
    }
    level = nextLevel;
  }
  await comeBack(lab, present, begin);
  return counterexample;
}

/** The state everything begins in, as the database is now. */
export async function beginning(lab: Laboratory, scope: Scope): Promise<World> {
  return firstWorld(scope, await lab.read());
}

/** Nothing happens any more by itself. */
function isEnd(world: World, steps: readonly Step[]): boolean {
  return world.open.length === 0 && !steps.some(({ isRegular }) => isRegular);
}

function brokenHere(world: World, scope: Scope): string[] {
  return isEnd(world, possibleSteps(world, scope)) ? brokenAtTheEnd(world) : [];
}

function nodeAfter(node: Node, step: Step, { world, answers }: Outcome): Node {
  const trace = [...node.trace, { name: step.name, answers }];
  return world.open.length === 0
    ? { world, base: world, sinceBase: [], trace }
    : { world, base: node.base, sinceBase: [...node.sinceBase, { step, key: keyOf(world) }], trace };
}

// One commit may let two sessions go on at once, and which is first is up to Postgres.
const MOST_TRIES = 50;

/** Puts the database and its sessions into the state of a node. */
async function comeBack(lab: Laboratory, present: World, node: Node): Promise<void> {
  let open = present.open;
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    // Whoever waits first: the end of another one would let it go on.
    for (const { session } of open.toSorted((left, right) => waits(right) - waits(left))) {
      await lab.session(session).rollBack();
    }
    await lab.restore(node.base.committed);
    const { world, isSame } = await redo(lab, node);
    if (isSame) {
      node.world = world;
      return;
    }
    open = world.open;
  }
  throw new Error(
    `These steps led to another state ${MOST_TRIES} times: ${node.sinceBase.map(({ step }) => step.name).join("; ")}`,
  );
}

async function redo(lab: Laboratory, { base, sinceBase }: Node): Promise<{ world: World; isSame: boolean }> {
  let world = base;
  for (const { step, key } of sinceBase) {
    world = (await applyStep(lab, world, step)).world;
    if (keyOf(world) !== key) {
      return { world, isSame: false };
    }
  }
  return { world, isSame: true };
}

function waits({ standing }: World["open"][number]): number {
  return Number(standing.at === "blocked");
}
