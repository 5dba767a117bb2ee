import { expect } from "vitest";

import { waitUntil } from "../support/waiting.ts";
import type { FaultyServer } from "./faultyServer.ts";
import { JOBS_AT_ONCE, type LogLine, type WorkerProcess } from "./workerProcess.ts";

const JOBS = 60;
const TASKS_OF_JOB = 3;

/** A fault that strikes a worker in the middle of its work. */
export interface Fault {
  readonly name: string;
  /** Begins the fault, and ends it. */
  readonly strike: () => Promise<void>;
  /** What the worker may complain of, each once. */
  readonly kinds: readonly string[];
  /** How long it may take to carry on after the fault. Default 20 s. */
  readonly carriesOnWithinMs?: number;
}

/** Waits so long, without an answer to wait for: for faults that must last. */
export async function pause(durationMs: number): Promise<void> {
  const begin = performance.now();
  await waitUntil(() => performance.now() - begin > durationMs, { timeoutMs: durationMs + 10_000 });
}

/**
 * Lets a fault strike while the worker runs jobs, and checks that it carries on by itself, has said once what was wrong and
 * that it is over, and has lost nothing and repeated no more than what was running.
 */
export async function expectToSurvive(
  server: FaultyServer,
  worker: WorkerProcess,
  { strike, kinds, carriesOnWithinMs = 20_000 }: Fault,
): Promise<void> {
  const linesBefore = worker.lines().length;
  const tasksBefore = worker.ledger().size;
  const total = tasksBefore + JOBS * TASKS_OF_JOB;
  await server.sql("select ratchet.add_job('work', '{}') from generate_series(1, $1::int)", [JOBS]);
  await waitUntil(() => worker.ledger().size > tasksBefore + JOBS_AT_ONCE, { what: "the first tasks" });
  const repeatsBefore = repeatsIn(worker);

  await strike();
  const doneMeanwhile = worker.ledger().size;
  await waitUntil(() => worker.ledger().size > Math.min(doneMeanwhile + JOBS_AT_ONCE, total - 1), {
    timeoutMs: carriesOnWithinMs,
    what: "more tasks",
  });
  await waitUntil(async () => (await unfinished(server)) === 0, { what: "the end of every job" });

  expect(worker.ledger().size).toBe(total);
  // At least once: what was running when its end could not be written.
  expect(repeatsIn(worker) - repeatsBefore).toBeLessThanOrEqual(JOBS_AT_ONCE);
  expect(await server.sql("select * from ratchet.violations")).toStrictEqual([]);
  expect(worker.child.exitCode).toBeNull();
  const lines = (): LogLine[] => worker.lines().slice(linesBefore);
  // The answer to a fetch can be lost: the sweep gives those jobs new wake-ups and says so.
  const complaints = lines().filter(({ level, msg }) => level !== "info" && msg !== "sweep mended jobs");
  expect(complaints.filter(({ kind = "" }) => !kinds.includes(kind))).toStrictEqual([]);
  await waitUntil(() => openTroubles(lines()).size === 0, { what: "the line that says that it is over" });
}

/** What was told and is not over yet; each is told once until then. */
function openTroubles(lines: readonly LogLine[]): Set<string> {
  const open = new Set<string>();
  for (const { level, kind } of lines) {
    if (kind !== undefined && level === "warn") {
      expect([...open]).not.toContain(kind);
      open.add(kind);
    } else if (kind !== undefined) {
      open.clear();
    }
  }
  return open;
}

function repeatsIn(worker: WorkerProcess): number {
  return [...worker.ledger().values()].reduce((sum, count) => sum + count - 1, 0);
}

async function unfinished(server: FaultyServer): Promise<number> {
  return (await server.sql("select 1 from ratchet.jobs where status <> 'COMPLETED'")).length;
}
