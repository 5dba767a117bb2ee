import type { Evidence } from "./evidence.ts";

const MOST_LINES = 60;
const AROUND_MS = 3000;

/** All that is known of a job, in the order of time: for who looks into a finding. */
export function storyOf(evidence: Evidence, jobId: string): string[] {
  const job = evidence.jobs.get(jobId);
  const entries = evidence.entries.filter((entry) => entry.jobId === jobId).toSorted((a, b) => a.atMs - b.atMs);
  const fromMs = (entries[0]?.atMs ?? 0) - AROUND_MS;
  const untilMs = (entries.at(-1)?.atMs ?? 0) + AROUND_MS;
  const timed: [number, string][] = [
    ...entries.map(({ atMs, process, event, position, fence, detail }): [number, string] => [
      atMs,
      `${process} ${event} task ${position} fence ${fence} ${detail}`,
    ]),
    ...evidence.changes
      .filter((change) => change.jobId === jobId)
      .map(({ committedMs, position, from, to, oldFence, newFence }): [number, string] => [
        committedMs ?? 0,
        `committed: task ${position} ${from} -> ${to}, fence ${oldFence} -> ${newFence}`,
      ]),
    ...evidence.orders
      .filter((order) => order.jobId === jobId)
      .map(({ atMs, action }): [number, string] => [atMs, `order: ${action}`]),
    ...evidence.strikes
      .filter((strike) => strike.untilMs > fromMs && strike.fromMs < untilMs)
      .map((strike): [number, string] => [
        strike.fromMs,
        `fault: ${strike.name}${strike.slot === null ? "" : ` (worker ${strike.slot})`}, for ${strike.untilMs - strike.fromMs} ms`,
      ]),
  ];
  const lines = timed.toSorted(([a], [b]) => a - b).map(([atMs, text]) => `    ${clock(atMs)} ${text}`);
  const kept =
    lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES / 2), "    …", ...lines.slice(-MOST_LINES / 2)] : lines;
  const failures = evidence.failures
    .filter((failure) => failure.jobId === jobId)
    .map(
      ({ position, fence, counted, message }) =>
        `    failure: task ${position} fence ${fence} ${counted ? "counted" : "not counted"}: ${message}`,
    );
  const tasks = (evidence.tasks.get(jobId) ?? []).map(
    ({ position, status, fence, attempts, template, input }) =>
      `    now: task ${position} (${template} ${input?.kind ?? ""}) ${status} fence ${fence} tries ${attempts}`,
  );
  return [`    job ${jobId}: ${job?.identifier} ${job?.status} fence ${job?.fence}`, ...tasks, ...failures, ...kept];
}

function clock(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}
