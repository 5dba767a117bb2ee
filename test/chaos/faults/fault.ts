import { setTimeout as sleep } from "node:timers/promises";

import type { Fleet, Slot } from "../fleet.ts";
import type { Ledger } from "../ledger.ts";
import type { LedgerEntry } from "../ledgerFile.ts";
import type { Load } from "../load.ts";
import type { Postgres } from "../postgres.ts";
import type { Random } from "../random.ts";
import type { ChaosSchema } from "../schema.ts";

/** What faults are done to. */
export interface Target {
  readonly postgres: Postgres;
  readonly schema: ChaosSchema;
  readonly fleet: Fleet;
  readonly ledger: Ledger;
  readonly load: Load;
}

/** What a fault of one worker is done to. */
export interface WorkerTarget extends Target {
  readonly slot: Slot;
}

/** A class of faults. `strike` resolves when it is over and healed; it says how many running tasks it hit. */
export interface FaultClass<Of extends Target> {
  readonly name: string;
  /** Whether this machine or this version of Ratchet has what it takes. */
  readonly isPossible?: (target: Target) => boolean;
  strike(target: Of, random: Random): Promise<number>;
}

/** A fault that has happened. */
export interface Strike {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
  /** Running tasks hit; 0: it does not count. */
  readonly hits: number;
  /** The worker's slot, or `null` if it was for all. */
  readonly slot: number | null;
  /** Why it did not do what it was to do. */
  readonly error: string | null;
}

/** The handlers that run now on all workers. */
export function runningEverywhere({ ledger, fleet }: Target): LedgerEntry[] {
  ledger.refresh();
  return fleet.slots.flatMap((slot) => ledger.running(slot.process()));
}

/** The handlers that run now on one worker. */
export function runningOn({ ledger, slot }: WorkerTarget): LedgerEntry[] {
  ledger.refresh();
  return [...ledger.running(slot.process())];
}

/** Waits a random time. */
export async function lasting(random: Random, lowestMs: number, highestMs: number): Promise<void> {
  await sleep(random.int(lowestMs, highestMs));
}
