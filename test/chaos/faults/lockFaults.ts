import { type FaultClass, type Target, lasting, runningEverywhere } from "./fault.ts";

/** Somebody's psql that locks something and goes for a coffee. */
function held(
  name: string,
  lock: (jobId: string) => string,
  [lowestMs, highestMs]: readonly [number, number],
): FaultClass<Target> {
  return {
    name,
    async strike(target, random) {
      const running = runningEverywhere(target);
      if (running.length === 0) {
        return 0;
      }
      const { jobId } = random.pick(running);
      const client = await target.postgres.admin.connect();
      try {
        await client.query("begin");
        await client.query("set local lock_timeout = 3000");
        await client.query(lock(jobId));
        const hits = runningEverywhere(target).filter((task) => name.includes("table") || task.jobId === jobId).length;
        await lasting(random, lowestMs, highestMs);
        await client.query("rollback");
        return hits;
      } finally {
        client.release(true);
      }
    },
  };
}

const FROM_300_MS_TO_5_S = [300, 5000] as const;

/** Locks that are held for long. */
export const LOCK_FAULTS: readonly FaultClass<Target>[] = [
  held(
    "rows of a running job's tasks locked",
    (jobId) => `select from ratchet.tasks where job_id = ${jobId} for update`,
    FROM_300_MS_TO_5_S,
  ),
  held(
    "row of a running job locked",
    (jobId) => `select from ratchet.jobs where id = ${jobId} for update`,
    FROM_300_MS_TO_5_S,
  ),
  held("table of tasks locked", () => "lock table ratchet.tasks in access exclusive mode", [300, 2000]),
];
