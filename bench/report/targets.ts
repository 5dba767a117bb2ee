import type { Report } from "./report.ts";

/** A line of what Ratchet is to reach. */
export interface Target {
  readonly workload: string;
  readonly text: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Null if the run has no such figure. */
  readonly find: (report: Report) => number | null;
}

/** What Ratchet is to reach on two cores, one line each. */
export const TARGETS: readonly Target[] = [
  ratio("noop", "dbos", { atLeast: 40 }),
  ratio("noop", "absurd", { atLeast: 30 }),
  ratio("noop", "openworkflow", { atLeast: 30 }),
  ratio("noop", "obvious-tuned", { atLeast: 12 }),
  ratio("noop", "bullmq", { atLeast: 1.25 }),
  ratio("sleeping", "obvious-tuned", { atLeast: 8 }),
  ratio("single", "graphile-worker", { atLeast: 0.6 }),
  ratio("idle", "bullmq", { atMost: 1 }),
  ratio("idle", "dbos", { atMost: 0.25 }),
  ratio("enqueue-bulk", "graphile-worker", { atLeast: 0.4 }),
  ratio("enqueue-serial", "graphile-worker", { atLeast: 0.7 }),
  ratio("enqueue-concurrent", "graphile-worker", { atLeast: 10 }),
  detail("noop", "commits a job", "commitsPerJob", { atMost: 0.25 }),
  detail("noop", "WAL bytes a job", "walBytesPerJob", { atMost: 3000 }),
  ratio("growth", "finished", { atLeast: 0.95 }),
  ratio("growth", "waiting", { atLeast: 0.85 }),
  ratio("big-job", "10,000-task job", { atMost: 1.2 }),
  value("slow-handlers", "ratchet", { atMost: 10 }),
  ratio("workers", "2 workers", { atLeast: 0.9 }),
  ratio("workers", "4 workers", { atLeast: 0.9 }),
  detail("growth", "peak memory in MB, 400 jobs in flight", "memoryPeakMb", { atMost: 250 }, "finished"),
  {
    workload: "growth",
    text: "memory of the last jobs against that of the first",
    atMost: 1.1,
    find({ workloads }) {
      const { memoryEarlyMb, memoryLateMb } = workloads["growth"]?.contenders["finished"]?.details ?? {};
      return memoryEarlyMb === undefined || memoryLateMb === undefined ? null : memoryLateMb / memoryEarlyMb;
    },
  },
  ratio("slow-disk", "obvious-tuned", { atLeast: 15 }),
];

type Bound = Pick<Target, "atLeast" | "atMost">;

function ratio(workload: string, contender: string, bound: Bound): Target {
  return { workload, text: `× ${contender}`, ...bound, find: ({ ratios }) => ratios[workload]?.[contender] ?? null };
}

function value(workload: string, contender: string, bound: Bound): Target {
  return {
    workload,
    text: "percent over the ideal",
    ...bound,
    find: ({ workloads }) => workloads[workload]?.contenders[contender]?.median ?? null,
  };
}

function detail(workload: string, text: string, name: string, bound: Bound, contender = "ratchet-tuned"): Target {
  return {
    workload,
    text,
    ...bound,
    find: ({ workloads }) => workloads[workload]?.contenders[contender]?.details[name] ?? null,
  };
}

/** Whether a figure is on the right side of the target's bound. */
export function isReached({ atLeast = -Infinity, atMost = Infinity }: Target, found: number): boolean {
  return found >= atLeast && found <= atMost;
}
