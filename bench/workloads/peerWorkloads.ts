import { measureDrain, measureEnqueue, measureIdle, type Sample } from "../measure.ts";
import { type Peer, type PeerWorkload, SHAPES } from "../peer.ts";
import { type BenchContext, type OpenWorkload, ready, scaled, type Workload } from "../workload.ts";

/** A commit waits five milliseconds for company, as it does for a disk that is slow to sync. */
const SLOW_DISK = { commit_delay: "5000", commit_siblings: "0" };

const ON_SLOW_DISK: ReadonlySet<string> = new Set(["ratchet-tuned", "ratchet", "obvious-tuned"]);

/** Drains of a full queue and the idle latency: one line each. */
export const peerWorkloads: readonly Workload[] = [
  drainOf("noop", "five no-op tasks a job", {}),
  drainOf("sleeping", "five tasks a job that sleep 0-10 ms", { mostRounds: 2 }),
  drainOf("single", "one no-op task a job", { mostRounds: 2 }),
  {
    name: "idle",
    title: "one five-task job at a time on an idle system, enqueued to done",
    unit: "ms (p50)",
    better: "lower",
    mostRounds: 2,
    open: (context) =>
      contendersOf(context, "idle", (peer, measured) =>
        // With fewer there is no p95.
        measureIdle(context.server, peer, { ...measured, jobs: Math.max(40, measured.jobs) }),
      ),
  },
  {
    name: "slow-disk",
    title: "five no-op tasks a job, each commit waits 5 ms",
    unit: "tasks/s",
    better: "higher",
    mostRounds: 2,
    fullOnly: true,
    open: (context) =>
      contendersOf(
        // What the others do there says nothing new: each commit is 5 ms to them as well.
        { ...context, peers: context.peers.filter(({ name }) => ON_SLOW_DISK.has(name)) },
        "noop",
        async (peer, measured) =>
          inTasks(
            await measureDrain(context.server, peer, {
              ...measured,
              jobs: Math.ceil(measured.jobs / 2),
              databaseSettings: SLOW_DISK,
            }),
            measured.tasksPerJob,
          ),
      ),
  },
  {
    name: "cost",
    title: "statements a five-task job, counted by pg_stat_statements",
    unit: "statements/job",
    better: "lower",
    mostRounds: 1,
    fullOnly: true,
    open: (context) =>
      contendersOf(
        { ...context, peers: context.peers.filter(({ startService }) => startService === undefined) },
        "noop",
        (peer, measured) =>
          measureDrain(context.server, peer, {
            ...measured,
            jobs: Math.ceil(measured.jobs / 3),
            countsStatements: true,
          }),
      ),
  },
  enqueueOf("serial", "one call after the other", 1500),
  enqueueOf("concurrent", "50 callers at once", 3000),
  enqueueOf("bulk", "many a call", 20_000),
];

function drainOf(name: "noop" | "sleeping" | "single", title: string, limits: Pick<Workload, "mostRounds">): Workload {
  return {
    ...limits,
    name,
    title: `${title}, drained from a full queue`,
    unit: "tasks/s",
    better: "higher",
    open: (context) =>
      contendersOf(context, name, async (peer, measured) =>
        inTasks(await measureDrain(context.server, peer, measured), measured.tasksPerJob),
      ),
  };
}

function enqueueOf(step: "serial" | "concurrent" | "bulk", title: string, jobs: number): Workload {
  return {
    name: `enqueue-${step}`,
    title: `enqueue, ${title}`,
    unit: "jobs/s",
    better: "higher",
    mostRounds: 2,
    fullOnly: step === "serial",
    open: (context) =>
      ready(
        context.peers
          .filter(({ enqueue, best }) => enqueue?.[step] !== undefined && (best.noop ?? best.single) !== undefined)
          .map((peer) => ({
            name: peer.name,
            title: peer.title,
            measure: () =>
              measureEnqueue(context.server, peer, step, {
                jobs: scaled(jobs, context),
                tasksPerJob: peer.best.noop === undefined ? 1 : 5,
                sleepUpToMs: 0,
                settings: peer.best.noop ?? peer.best.single ?? {},
              }),
          })),
      ),
  };
}

type Shaped = Parameters<typeof measureDrain>[2];

function contendersOf(
  context: BenchContext,
  workload: PeerWorkload,
  measure: (peer: Peer, measured: Shaped) => Promise<Sample>,
): Promise<OpenWorkload> {
  return ready(
    context.peers.flatMap((peer) => {
      const settings = peer.best[workload];
      return settings === undefined
        ? []
        : [
            {
              name: peer.name,
              title: peer.title,
              settings,
              measure: () =>
                measure(peer, { ...SHAPES[workload], settings, jobs: scaled(peer.jobs[workload] ?? 1000, context) }),
            },
          ];
    }),
  );
}

function inTasks({ value, details }: Sample, tasksPerJob: number): Sample {
  return { value: value * tasksPerJob, details: { jobsPerS: value, ...details } };
}
