import type { Sample } from "../measure.ts";
import { type BenchContext, ready, scaled, type Workload } from "../workload.ts";
import { withRatchetDatabase } from "./ratchetDatabase.ts";

const AT_ONCE = 1000;
const SLEEP_MS = 200;
const WAVES = 5;

/** A thousand jobs at once whose five tasks sleep 200 ms each. */
export const slowHandlers: Workload = {
  name: "slow-handlers",
  title: "1,000 jobs at once, each of five tasks sleeps 200 ms",
  unit: "% over the ideal",
  better: "lower",
  mostRounds: 2,
  open: (context) => ready([{ name: "ratchet", title: "Ratchet", measure: () => overhead(context) }]),
};

function overhead(context: BenchContext): Promise<Sample> {
  const waves = Math.max(2, scaled(WAVES, context));
  const jobs = AT_ONCE * waves;
  return withRatchetDatabase(context.server, async (ratchet) => {
    await ratchet.add(jobs);
    const worker = await ratchet.run({ concurrency: AT_ONCE, sleepMs: SLEEP_MS, stopAfterJobs: jobs });
    await ratchet.check(jobs * 5);
    const seconds = (worker.lastDoneMs - worker.firstStartMs) / 1000;
    const idealSeconds = (waves * 5 * SLEEP_MS) / 1000;
    return {
      value: (seconds / idealSeconds - 1) * 100,
      details: { seconds, idealSeconds, peakRssMb: worker.peakRssMb },
    };
  });
}
