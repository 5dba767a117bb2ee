import type { Evidence, Finding } from "../evidence.ts";

/** Workers that ended though nobody told them to. */
export function workersGone({ fleet, entries }: Evidence): Finding[] {
  return fleet.unaskedExits.map(({ process, atMs, how }) => {
    const crash = entries.find((entry) => entry.process === process && entry.event === "crash")?.detail ?? "";
    return { jobId: null, text: `${process} ended by itself at ${new Date(atMs).toISOString()} with ${how} ${crash}` };
  });
}

/** Workers that did not stop as they should. */
export function badStops({ fleet }: Evidence): Finding[] {
  return fleet.badStops.map(({ process, atMs, how }) => ({
    jobId: null,
    text: `${process}, told to stop, ended at ${new Date(atMs).toISOString()} with ${how}`,
  }));
}
