import { ORDERS } from "./calls.ts";
import type { Budget } from "./world.ts";

/** What may happen in one exploration. */
export interface Scope {
  readonly name: string;
  readonly budget: Budget;
  readonly rescuers: readonly string[];
  readonly orders: readonly string[];
}

const NOTHING: Budget = {
  switches: 0,
  extraWakeUps: 0,
  crashes: 0,
  burials: 0,
  lostAnswers: 0,
  failures: 0,
  orders: 0,
  stops: 0,
  sweeps: 0,
};

/** Small enough for CI: each kind of trouble with what it can collide with. */
export const CI_SCOPES: readonly Scope[] = [
  scope("claims", { switches: 2, extraWakeUps: 1 }),
  scope("failures", { switches: 1, extraWakeUps: 1, failures: 1 }),
  scope("lost answers", { switches: 1, lostAnswers: 1, failures: 1 }),
  scope("crash", { switches: 0, extraWakeUps: 1, crashes: 1 }, { rescuers: ["R1"] }),
  scope("two rescuers", { switches: 2, crashes: 1 }, { rescuers: ["R1", "R2"] }),
  scope("buried alive", { switches: 2, burials: 1 }, { rescuers: ["R1"] }),
  scope("orders", { switches: 2, orders: 1 }, { orders: Object.keys(ORDERS) }),
  scope("order beside a rescue", { switches: 1, crashes: 1, orders: 1 }, { rescuers: ["R1"], orders: ["cancels"] }),
  scope(
    "everything",
    { switches: 0, crashes: 1, lostAnswers: 1, orders: 1 },
    { rescuers: ["R1"], orders: ["cancels", "retries from the first task"] },
  ),
];

/** By hand, some minutes each. */
export const FULL_SCOPES: readonly Scope[] = [
  scope("claims", { switches: 4, extraWakeUps: 2, failures: 1 }),
  scope("failures", { switches: 2, extraWakeUps: 1, failures: 2, stops: 1 }),
  scope("lost answers", { switches: 2, extraWakeUps: 1, lostAnswers: 2, failures: 1 }),
  scope("crash", { switches: 2, extraWakeUps: 1, crashes: 1, lostAnswers: 1, sweeps: 1 }, { rescuers: ["R1", "R2"] }),
  scope("buried alive", { switches: 3, burials: 1, crashes: 1, extraWakeUps: 1 }, { rescuers: ["R1", "R2"] }),
  scope("orders", { switches: 2, orders: 2, lostAnswers: 1, failures: 1 }, { orders: Object.keys(ORDERS) }),
  scope(
    "everything",
    { switches: 2, extraWakeUps: 1, crashes: 1, burials: 1, lostAnswers: 1, failures: 1, orders: 1, stops: 1 },
    { rescuers: ["R1", "R2"], orders: Object.keys(ORDERS) },
  ),
];

function scope(name: string, budget: Partial<Budget>, more: Partial<Pick<Scope, "rescuers" | "orders">> = {}): Scope {
  return { name, budget: { ...NOTHING, ...budget }, rescuers: more.rescuers ?? [], orders: more.orders ?? [] };
}
