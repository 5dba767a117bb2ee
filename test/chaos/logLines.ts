import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { RunResult } from "./report.ts";

const WINDOW_MS = 10_000;
const MOST_TEXTS = 12;
/** What jobs of a run do as planned. */
const PLANNED = new Set(["task failed and will be retried", "task failed for good"]);

/** Counts what workers have logged about the faults. */
export function countLogLines(folder: string, faults: number): RunResult["logLines"] {
  let all = 0;
  let most = 0;
  const texts = new Map<string, number>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".log"))) {
    const times: number[] = [];
    for (const line of readFileSync(join(folder, name), "utf8").split("\n")) {
      const { msg, time } = parse(line);
      if (msg !== undefined && !PLANNED.has(msg)) {
        times.push(Date.parse(time ?? ""));
        texts.set(msg, (texts.get(msg) ?? 0) + 1);
      }
    }
    all += times.length;
    most = Math.max(most, mostWithin(times));
  }
  const frequent = [...texts].toSorted(([, a], [, b]) => b - a).slice(0, MOST_TEXTS);
  return { most, perFault: all / Math.max(faults, 1), frequent };
}

function mostWithin(times: readonly number[]): number {
  let from = 0;
  let most = 0;
  for (const [index, atMs] of times.entries()) {
    while ((times[from] ?? atMs) < atMs - WINDOW_MS) {
      from++;
    }
    most = Math.max(most, index - from + 1);
  }
  return most;
}

function parse(line: string): { msg?: string; time?: string } {
  try {
    return JSON.parse(line) as { msg?: string; time?: string };
  } catch {
    // A line cut off by a kill, or none.
    return {};
  }
}
