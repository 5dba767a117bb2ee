import type { Sample } from "../measure.ts";
import type { BenchContext, Workload } from "../workload.ts";
import { CONCURRENCY, openRatchetDatabase, type RatchetDatabase, withRatchetDatabase } from "./ratchetDatabase.ts";

const EMPTY = "empty tables";
const MEMORY_SAMPLES = 20;

/**
 * How a drain fares with many finished jobs in the tables, and with many waiting ones. The finished ones were run by one
 * worker process, whose memory is watched meanwhile.
 */
export const growth: Workload = {
  name: "growth",
  title: "drain with many jobs in the tables, five no-op tasks a job",
  unit: "tasks/s",
  better: "higher",
  baseline: EMPTY,
  mostRounds: 2,
  async open(context) {
    const { server, manyJobs } = context;
    const finished = await openRatchetDatabase(server);
    await finished.add(manyJobs);
    const memory = await runAll(finished, manyJobs);
    const waiting = await openRatchetDatabase(server);
    await waiting.add(Math.round(manyJobs / 2));
    const done = { finished: manyJobs * 5, waiting: 0 };
    return {
      contenders: [
        {
          name: EMPTY,
          title: EMPTY,
          measure: () =>
            withRatchetDatabase(server, async (empty) => (await drainSome(empty, jobsOf(context), 0)).sample),
        },
        {
          name: "finished",
          title: `${manyJobs.toLocaleString("en")} finished jobs`,
          async measure() {
            const { sample, tasks } = await drainSome(finished, jobsOf(context), done.finished);
            done.finished += tasks;
            return { ...sample, details: { ...sample.details, ...memory } };
          },
        },
        {
          name: "waiting",
          title: `${Math.round(manyJobs / 2).toLocaleString("en")} waiting jobs`,
          async measure() {
            const { sample, tasks } = await drainSome(waiting, jobsOf(context), done.waiting);
            done.waiting += tasks;
            return sample;
          },
        },
      ],
      async close() {
        await finished.database.drop();
        await waiting.database.drop();
      },
    };
  },
};

function jobsOf({ manyJobs }: BenchContext): number {
  return Math.min(20_000, Math.round(manyJobs / 5));
}

/** Resident memory of one process over very many jobs, 400 in flight: the peak, and the mean of the second and last fifth. */
async function runAll(ratchet: RatchetDatabase, jobs: number): Promise<Sample["details"]> {
  const { rssMb, peakRssMb } = await ratchet.run({
    concurrency: CONCURRENCY,
    sleepMs: 0,
    stopAfterJobs: jobs,
    rssEveryJobs: Math.floor(jobs / MEMORY_SAMPLES),
  });
  const fifth = MEMORY_SAMPLES / 5;
  return {
    memoryJobs: jobs,
    memoryPeakMb: peakRssMb,
    memoryEarlyMb: mean(rssMb.slice(fifth, 2 * fifth)),
    memoryLateMb: mean(rssMb.slice(-fifth)),
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Adds so many jobs, then runs so many: not the same ones where others wait before them. */
async function drainSome(
  ratchet: RatchetDatabase,
  jobs: number,
  tasksBefore: number,
): Promise<{ sample: Sample; tasks: number }> {
  await ratchet.add(jobs);
  const worker = await ratchet.run({ concurrency: CONCURRENCY, sleepMs: 0, stopAfterJobs: jobs });
  await ratchet.check(tasksBefore + worker.handlersRun);
  const seconds = (worker.lastDoneMs - worker.firstStartMs) / 1000;
  return {
    sample: { value: (jobs * 5) / seconds, details: { seconds, peakRssMb: worker.peakRssMb } },
    tasks: worker.handlersRun,
  };
}
