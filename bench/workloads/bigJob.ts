import { createRatchet } from "../../src/index.ts";
import type { Sample } from "../measure.ts";
import { nowMs } from "../peer.ts";
import { type BenchContext, ready, scaled, type Workload } from "../workload.ts";
import { withRatchetDatabase } from "./ratchetDatabase.ts";

const SMALL = "10-task jobs";

/** One job of 10,000 tasks against a thousand of ten, one job at a time: what a task costs. */
export const bigJob: Workload = {
  name: "big-job",
  title: "one job of 10,000 tasks, one job in flight",
  unit: "ms a task",
  better: "lower",
  baseline: SMALL,
  mostRounds: 2,
  fullOnly: true,
  open: (context) =>
    ready([
      { name: SMALL, title: "jobs of 10 tasks", measure: () => tasksOneByOne(context, scaled(1000, context), 10) },
      { name: "10,000-task job", title: "one job of 10,000 tasks", measure: () => tasksOneByOne(context, 1, 10_000) },
    ]),
};

function tasksOneByOne({ server }: BenchContext, jobs: number, tasks: number): Promise<Sample> {
  return withRatchetDatabase(server, async (ratchet) => {
    await ratchet.addParts(jobs, tasks);
    const worker = await ratchet.run({ concurrency: 1, sleepMs: 0, stopAfterJobs: jobs });
    await ratchet.check(jobs * tasks);
    return {
      value: (worker.lastDoneMs - worker.firstStartMs) / (jobs * tasks),
      details: { peakRssMb: worker.peakRssMb, readMs: await readMs(ratchet.database.url) },
    };
  });
}

/** How long the client takes to read a whole job, connections made before. */
async function readMs(connectionString: string): Promise<number> {
  const client = createRatchet({ connectionString });
  const [job] = await client.list({ limit: 1 });
  const beganMs = nowMs();
  await client.get(job?.id ?? "0");
  const readyMs = nowMs();
  await client.close();
  return readyMs - beganMs;
}
