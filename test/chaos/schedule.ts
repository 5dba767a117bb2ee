import { setTimeout as sleep } from "node:timers/promises";

import { type FaultClass, type Strike, type Target, type WorkerTarget, runningEverywhere, runningOn } from "./faults/fault.ts";
import { LOCK_FAULTS } from "./faults/lockFaults.ts";
import { NETWORK_FAULTS } from "./faults/networkFaults.ts";
import { ORDER_FAULTS } from "./faults/orderFaults.ts";
import { PROCESS_FAULTS } from "./faults/processFaults.ts";
import { QUEUE_FAULTS } from "./faults/queueFaults.ts";
import { SERVER_FAULTS } from "./faults/serverFaults.ts";
import { type Random, createDeck } from "./random.ts";

/** How long a fault waits for a task that it can hit. */
const PREY_WITHIN_MS = 2000;

/** One row of faults, one after another; several run side by side. */
interface Track<Of extends Target> {
  readonly classes: readonly FaultClass<Of>[];
  readonly target: Of;
  readonly slot: number | null;
  readonly pauseMs: readonly [number, number];
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

/** Begins the faults: one row for each worker, one for Postgres, one for operators and one for locks. */
export function startFaults(target: Target, random: Random, isWanted: (name: string) => boolean): Schedule {
  const strikes: Strike[] = [];
  const impossible: string[] = [];
  const classes: string[] = [];
  let isEnding = false;

  function usable<Of extends Target>(all: readonly FaultClass<Of>[]): FaultClass<Of>[] {
    const possible = all.filter(({ isPossible }) => isPossible?.(target) ?? true);
    impossible.push(...all.filter((each) => !possible.includes(each)).map(({ name }) => name));
    const wanted = possible.filter(({ name }) => isWanted(name));
    classes.push(...wanted.map(({ name }) => name));
    return wanted;
  }

  async function run<Of extends Target>({ classes: of, target: at, slot, pauseMs }: Track<Of>, draws: Random): Promise<void> {
    if (of.length === 0) {
      return;
    }
    const deck = createDeck(of, draws);
    while (!isEnding) {
      await sleep(draws.int(...pauseMs));
      await prey(at, () => isEnding);
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- stop() may have been called meanwhile.
      if (isEnding) {
        return;
      }
      const fault = deck.draw();
      const fromMs = Date.now();
      let hits = 0;
      let error: string | null = null;
      try {
        hits = await fault.strike(at, draws.fork());
      } catch (thrown) {
        // Another fault was in its way.
        error = String(thrown);
      }
      strikes.push({ name: fault.name, fromMs, untilMs: Date.now(), hits, slot, error });
      if (hits === 0) {
        deck.putBack(fault);
      }
    }
  }

  const ofWorkers = usable([...PROCESS_FAULTS, ...NETWORK_FAULTS]);
  const running = [
    ...target.fleet.slots.map((slot) =>
      run<WorkerTarget>(
        { classes: ofWorkers, target: { ...target, slot }, slot: slot.number, pauseMs: [300, 2500] },
        random.fork(),
      ),
    ),
    run({ classes: usable(SERVER_FAULTS), target, slot: null, pauseMs: [1500, 6000] }, random.fork()),
    run({ classes: usable(ORDER_FAULTS), target, slot: null, pauseMs: [200, 1500] }, random.fork()),
    run({ classes: usable(QUEUE_FAULTS), target, slot: null, pauseMs: [500, 3000] }, random.fork()),
    run({ classes: usable(LOCK_FAULTS), target, slot: null, pauseMs: [500, 4000] }, random.fork()),
  ];
  return {
    strikes,
    classes,
    impossible,
    async stop() {
      isEnding = true;
      await Promise.all(running);
    },
  };
}

async function prey(target: Target | WorkerTarget, isEnding: () => boolean): Promise<void> {
  const giveUpMs = Date.now() + PREY_WITHIN_MS;
  const isThere = (): boolean =>
    "slot" in target ? target.slot.isUp() && runningOn(target).length > 0 : runningEverywhere(target).length > 0;
  while (!isThere() && Date.now() < giveUpMs && !isEnding()) {
    await sleep(10);
  }
}
