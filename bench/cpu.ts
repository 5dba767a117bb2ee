import { readdirSync, readFileSync } from "node:fs";

/** Linux counts processor time in hundredths of a second, everywhere. */
const TICK_MS = 10;

/**
 * Processor time that a Postgres and all its backends, living and ended, have used so far, in ms; null where there is
 * no `/proc`. Good to 10 ms a process.
 */
export function postgresCpuMs(postmasterId: number): number | null {
  const own = ticksOf(postmasterId);
  if (own === null) {
    return null;
  }
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/v.test(name))
    .map((name) => ticksOf(Number(name)))
    .filter((process) => process?.parent === postmasterId);
  return (own.used + own.ofEnded + children.reduce((sum, child) => sum + (child?.used ?? 0), 0)) * TICK_MS;
}

interface Ticks {
  readonly parent: number;
  readonly used: number;
  /** Of children that have ended. */
  readonly ofEnded: number;
}

function ticksOf(processId: number): Ticks | null {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, "utf8");
    // The name, in brackets, may hold spaces; the fields after it are numbers 3 and up of proc(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const at = (field: number): number => Number(fields[field - 3]);
    return { parent: at(4), used: at(14) + at(15), ofEnded: at(16) + at(17) };
  } catch {
    return null;
  }
}
