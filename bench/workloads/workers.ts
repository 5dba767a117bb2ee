import { setTimeout as sleep } from "node:timers/promises";

import { type Sample, settle } from "../measure.ts";
import { type BenchContext, ready, scaled, type Workload } from "../workload.ts";
import { CONCURRENCY, withRatchetDatabase } from "./ratchetDatabase.ts";

const JOBS = 30_000;
const LOOK_EVERY_MS = 20;

/** One, two and four worker processes on one database, each as many jobs in flight as would be one's best in all. */
export const workers: Workload = {
  name: "workers",
  title: "several worker processes on one database, five no-op tasks a job",
  unit: "tasks/s",
  better: "higher",
  baseline: "1 worker",
  mostRounds: 2,
  open: (context) =>
    ready(
      [1, 2, 4].map((count) => {
        const name = count === 1 ? "1 worker" : `${count} workers`;
        return { name, title: name, measure: () => drainTogether(context, count) };
      }),
    ),
};

function drainTogether(context: BenchContext, count: number): Promise<Sample> {
  const jobs = scaled(JOBS, context);
  return withRatchetDatabase(context.server, async (ratchet) => {
    const { client } = ratchet.database;
    await ratchet.add(jobs);
    await settle(ratchet.database);
    const programs = Array.from({ length: count }, () =>
      ratchet.start({ concurrency: CONCURRENCY / count, sleepMs: 0, stopAfterJobs: null }),
    );
    const answers = Promise.all(programs.map((program) => program.answer));
    // A worker that fails ends the waiting.
    answers.catch(() => client.end());
    for (;;) {
      const { rows } = await client.query<{ left: boolean }>(
        "select exists (select from ratchet.jobs where finished_at is null) as left",
      );
      if (rows[0]?.left === false) {
        break;
      }
      await sleep(LOOK_EVERY_MS);
    }
    for (const program of programs) {
      program.end();
    }
    const all = await answers;
    const busy = all.filter(({ handlersRun }) => handlersRun > 0);
    const handlersRun = all.reduce((sum, worker) => sum + worker.handlersRun, 0);
    if (handlersRun !== jobs * 5) {
      throw new Error(`${handlersRun} handlers ran instead of ${jobs * 5}.`);
    }
    await ratchet.check(jobs * 5);
    const seconds =
      (Math.max(...busy.map(({ lastDoneMs }) => lastDoneMs)) -
        Math.min(...busy.map(({ firstStartMs }) => firstStartMs))) /
      1000;
    return {
      value: (jobs * 5) / seconds,
      details: { seconds, leastJobs: Math.min(...all.map((worker) => worker.jobs)) },
    };
  });
}
