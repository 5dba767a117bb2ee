import { setTimeout as sleep } from "node:timers/promises";

import {
  type FaultClass,
  type Strike,
  type Target,
  type WorkerTarget,
  runningEverywhere,
  runningOn,
} from "./faults/fault.ts";
import { LOCK_FAULTS } from "./faults/lockFaults.ts";
import { NETWORK_FAULTS } from "./faults/networkFaults.ts";
import { ORDER_FAULTS } from "./faults/orderFaults.ts";
import { PROCESS_FAULTS } from "./faults/processFaults.ts";
import { QUEUE_FAULTS } from "./faults/queueFaults.ts";
import { SERVER_FAULTS } from "./faults/serverFaults.ts";
import { type Deck, type Random, createDeck } from "./random.ts";

/** Pauses of a long run; those of a short one are shorter, so that every class has its turn. */
const PACE_OF_SECONDS = 900;
const FASTEST_PACE = 0.15;
/** Postgres is left alone from time to time: for ten seconds after a lost connection no worker judges another. */
const TROUBLE_MS = 80_000;
const PEACE_MS = 60_000;
/** A fault that hangs shall not keep the run from its report. */
const LONGEST_STRIKE_MS = 120_000;

/** One row of faults, one after another; several run side by side. */
interface Track<Of extends Target> {
  readonly deck: Deck<FaultClass<Of>>;
  readonly target: Of;
  readonly slot: number | null;
  readonly pauseMs: readonly [number, number];
  /** Whether nothing is to be done just now. */
  readonly isQuiet?: () => boolean;
}

/** What {@link startFaults} takes besides what the faults are done to. */
export interface ScheduleOptions {
  readonly random: Random;
  /** How long the faults are to go on: sets their pace. */
  readonly seconds: number;
  /** Classes to use. */
  readonly isWanted: (name: string) => boolean;
}

/** What is done to the run. */
export interface Schedule {
  readonly strikes: readonly Strike[];
  /** Names of the classes that are part of the run. */
  readonly classes: readonly string[];
  /** Those that cannot be had here. */
  readonly impossible: readonly string[];
  /** Begins no further fault, and waits until those there are have been healed. */
  stop(): Promise<void>;
}

/** Names of all classes. */
export const FAULT_NAMES: readonly string[] = [
  ...PROCESS_FAULTS,
  ...NETWORK_FAULTS,
  ...SERVER_FAULTS,
  ...ORDER_FAULTS,
  ...QUEUE_FAULTS,
  ...LOCK_FAULTS,
].map(({ name }) => name);

/** Begins the faults: one row for each worker, one for Postgres, one for operators, one for wake-ups and one for locks. */
export function startFaults(target: Target, { random, seconds, isWanted }: ScheduleOptions): Schedule {
  const strikes: Strike[] = [];
  const impossible: string[] = [];
  const classes: string[] = [];
  const startedAtMs = Date.now();
  const pace = Math.min(Math.max(seconds / PACE_OF_SECONDS, FASTEST_PACE), 1);
  const ending = new AbortController();

  function deckOf<Of extends Target>(all: readonly FaultClass<Of>[]): Deck<FaultClass<Of>> | null {
    const possible = all.filter(({ isPossible }) => isPossible?.(target) ?? true);
    impossible.push(...all.filter((each) => !possible.includes(each)).map(({ name }) => name));
    const wanted = possible.filter(({ name }) => isWanted(name));
    classes.push(...wanted.map(({ name }) => name));
    return wanted.length === 0 ? null : createDeck(wanted, random.fork());
  }

  async function run<Of extends Target>({ deck, target: at, slot, pauseMs, isQuiet }: Track<Of>): Promise<void> {
    const draws = random.fork();
    while (!ending.signal.aborted) {
      await sleep(draws.int(...pauseMs) * pace);
      if (isQuiet?.() === true || !(await findPrey(at, ending.signal))) {
        continue;
      }
      const fault = deck.draw();
      const strike = await strikeOnce(fault, at, draws.fork());
      strikes.push({ ...strike, slot });
      if (strike.hits === 0) {
        deck.putBack(fault);
      }
    }
  }

  const ofWorkers = deckOf([...PROCESS_FAULTS, ...NETWORK_FAULTS]);
  const ofAll = [
    { deck: deckOf(SERVER_FAULTS), pauseMs: [800, 3500], isQuiet: isPeace },
    { deck: deckOf(ORDER_FAULTS), pauseMs: [1000, 5000] },
    { deck: deckOf(QUEUE_FAULTS), pauseMs: [2000, 8000] },
    { deck: deckOf(LOCK_FAULTS), pauseMs: [2000, 10_000] },
  ] as const;
  const running = [
    ...target.fleet.slots.map((slot) =>
      ofWorkers === null
        ? Promise.resolve()
        : run<WorkerTarget>({
            deck: ofWorkers,
            target: { ...target, slot },
            slot: slot.number,
            pauseMs: [3000, 12_000],
          }),
    ),
    ...ofAll.map(({ deck, ...track }) =>
      deck === null ? Promise.resolve() : run({ ...track, deck, target, slot: null }),
    ),
  ];

  function isPeace(): boolean {
    return (Date.now() - startedAtMs) % ((TROUBLE_MS + PEACE_MS) * pace) > TROUBLE_MS * pace;
  }

  return {
    strikes,
    classes,
    impossible,
    async stop() {
      ending.abort();
      await Promise.all(running);
    },
  };
}

async function strikeOnce<Of extends Target>(
  fault: FaultClass<Of>,
  target: Of,
  random: Random,
): Promise<Omit<Strike, "slot">> {
  const fromMs = Date.now();
  const tooLong = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    tooLong.reject(new Error(`It did not come back within ${LONGEST_STRIKE_MS} ms.`));
  }, LONGEST_STRIKE_MS);
  try {
    const hits = await Promise.race([fault.strike(target, random), tooLong.promise]);
    return { name: fault.name, fromMs, untilMs: Date.now(), hits, error: null };
  } catch (error) {
    // Another fault was in its way.
    return { name: fault.name, fromMs, untilMs: Date.now(), hits: 0, error: String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until a task runs that a fault can hit; resolves to false when the faults end. */
async function findPrey(target: Target | WorkerTarget, ending: AbortSignal): Promise<boolean> {
  const isThere = (): boolean =>
    "slot" in target ? target.slot.isUp() && runningOn(target).length > 0 : runningEverywhere(target).length > 0;
  while (!ending.aborted) {
    if (isThere()) {
      return true;
    }
    await sleep(20);
  }
  return false;
}
