import type { Random } from "./random.ts";

/** What one task does when it runs; its plan says it, so that every failure can be held against it. */
export type Behaviour =
  | { readonly kind: "plain"; readonly ms: number }
  /** Long, and ends early when its signal is aborted. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Long, and never looks at its signal. */
  | { readonly kind: "deaf"; readonly ms: number }
  /** Keeps the event loop of its process busy. */
  | { readonly kind: "block"; readonly ms: number }
  /** Throws in the first `times` tries. */
  | { readonly kind: "fail"; readonly ms: number; readonly times: number }
  /** Outlives its time-out in the first `times` tries. */
  | { readonly kind: "late"; readonly ms: number; readonly times: number }
  /** Kills its process by SIGKILL in the first `times` runs, counted or not. */
  | { readonly kind: "poison"; readonly ms: number; readonly times: number };

/** More tries than any job has: such a task never succeeds. */
const ALWAYS = 1_000_000;

/** A transaction task's time-out is longer than any behaviour of one. */
export const TIME_OUT_OF_TIMED_MS = 400;

/** The payload of every job of a run. */
export interface ChaosPayload {
  /** Tells the job among all of the run before it has a number. */
  readonly token: string;
  readonly steps: readonly Behaviour[];
  readonly writes: readonly Behaviour[];
  readonly timed: readonly Behaviour[];
}

/** A job to be added. */
export interface PlannedJob {
  readonly identifier: ChaosIdentifier;
  readonly payload: ChaosPayload;
  readonly maxAttempts: number;
  readonly priority: number;
  readonly queueName: string | null;
}

/** The definitions of a run. */
export type ChaosIdentifier = "chaos_steps" | "chaos_writes" | "chaos_versioned";

/** Tries of a job that no plan of ours uses up. */
const PLENTY_OF_ATTEMPTS = 12;
const FEW_ATTEMPTS = 3;

/** Draws a job of a random plan. */
export function drawJob(random: Random, token: string): PlannedJob {
  const isHopeless = random.chance(0.01);
  const draw = (count: number, chooser: (random: Random) => Behaviour): Behaviour[] =>
    Array.from({ length: count }, () => chooser(random));
  const identifier = random.pick<ChaosIdentifier>(["chaos_steps", "chaos_steps", "chaos_writes", "chaos_versioned"]);
  const steps = [
    ...draw(random.int(3, 14), drawStep),
    ...(isHopeless ? [{ kind: "fail", ms: 1, times: ALWAYS } as const] : []),
  ];
  return {
    identifier,
    payload: {
      token,
      steps: random.shuffled(steps),
      writes: identifier === "chaos_versioned" ? [] : draw(random.int(1, 3), drawWrite),
      timed: identifier === "chaos_writes" ? draw(random.int(0, 2), drawTimed) : [],
    },
    maxAttempts: isHopeless ? FEW_ATTEMPTS : PLENTY_OF_ATTEMPTS,
    priority: random.chance(0.05) ? random.int(-1, 1) : 0,
    queueName: random.chance(0.03) ? `queue ${random.int(1, 3)}` : null,
  };
}

/** A job whose second task kills its process: a few times, or every time. */
export function poisonJob(random: Random, token: string): PlannedJob {
  const times = random.chance(0.3) ? ALWAYS : random.int(1, 2);
  return {
    identifier: "chaos_steps",
    payload: {
      token,
      steps: [
        { kind: "plain", ms: 1 },
        { kind: "poison", ms: random.int(20, 200), times },
      ],
      writes: [],
      timed: [],
    },
    maxAttempts: times === ALWAYS ? 2 : PLENTY_OF_ATTEMPTS,
    priority: -10,
    queueName: null,
  };
}

/** How many tasks a job has; `chaos_versioned` has one more in its second version. */
export function tasksOf(
  identifier: ChaosIdentifier,
  { steps, writes, timed }: ChaosPayload,
  isSecond: boolean,
): number {
  const listed = steps.length + writes.length + timed.length;
  return listed + 1 + (identifier === "chaos_versioned" && isSecond ? 1 : 0);
}

function drawStep(random: Random): Behaviour {
  const draw = random.next();
  if (draw < 0.78) {
    return { kind: "plain", ms: random.int(0, 25) };
  }
  if (draw < 0.87) {
    return { kind: "slow", ms: random.int(100, 1500) };
  }
  if (draw < 0.92) {
    return { kind: "fail", ms: random.int(0, 30), times: random.int(1, 2) };
  }
  return draw < 0.97 ? { kind: "deaf", ms: random.int(50, 1500) } : { kind: "block", ms: random.int(5, 120) };
}

function drawWrite(random: Random): Behaviour {
  const draw = random.next();
  if (draw < 0.85) {
    return { kind: "plain", ms: random.int(0, 20) };
  }
  return draw < 0.93 ? { kind: "slow", ms: random.int(100, 1000) } : { kind: "fail", ms: random.int(0, 30), times: 1 };
}

function drawTimed(random: Random): Behaviour {
  return random.chance(0.3)
    ? { kind: "late", ms: TIME_OUT_OF_TIMED_MS * 3, times: 1 }
    : { kind: "plain", ms: random.int(0, 20) };
}
