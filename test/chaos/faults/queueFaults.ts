import { type FaultClass, type Target, lasting, runningEverywhere } from "./fault.ts";

const MOST_DUPLICATED = 12;
/** Long enough for what comes before the lock. */
const DUE_LATER_MS = 4000;

/** What happens to wake-ups; only graphile-worker's public functions are used, as anybody might. */
export const QUEUE_FAULTS: readonly FaultClass<Target>[] = [
  {
    name: "wake-ups lost",
    async strike(target) {
      const running = runningEverywhere(target).map(({ jobId }) => `ratchet:${jobId}`);
      const { rows } = await target.postgres.admin.query<{ key: string }>(
        `with lost as materialized (select w.id, w.key, w.locked_by from graphile_worker.jobs w where random() < 0.5),
         unlocked as materialized (
           select graphile_worker.force_unlock_workers(array(select distinct locked_by from lost where locked_by is not null)))
         select lost.key from lost, (select count(*) from unlocked) u where lost.key is not null`,
      );
      await target.postgres.admin.query(
        "select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where key = any ($1)))",
        [rows.map(({ key }) => key)],
      );
      const lost = new Set(rows.map(({ key }) => key));
      return running.filter((key) => lost.has(key)).length;
    },
  },
  {
    name: "wake-ups doubled",
    async strike(target, random) {
      const running = runningEverywhere(target).map(({ jobId }) => jobId);
      await duplicate(target, running.slice(0, MOST_DUPLICATED), random.int(1, 2));
      return running.length;
    },
  },
  {
    name: "wake-ups doubled while the tasks are locked",
    async strike(target, random) {
      const { postgres, load } = target;
      const jobIds = await load.addForLater(MOST_DUPLICATED, DUE_LATER_MS);
      const hits = runningEverywhere(target).length;
      const client = await postgres.admin.connect();
      try {
        await client.query("begin");
        await client.query("set local lock_timeout = 2000");
        // Reads go on, and whoever wants a lock on a row waits: all claims of that moment decide at once.
        await client.query("lock table ratchet.tasks in exclusive mode");
        await postgres.admin.query("update ratchet.jobs set run_at = now() where id = any ($1)", [jobIds]);
        await duplicate(target, jobIds, 4);
        await lasting(random, 50, 180);
        await client.query("commit");
      } finally {
        // Whatever became of it.
        client.release(true);
      }
      return hits;
    },
  },
];

/** In the order of the jobs, before everything else: so that several workers get the same one at the same moment. */
async function duplicate({ postgres }: Target, jobIds: readonly string[], times: number): Promise<void> {
  await postgres.admin.query(
    `select graphile_worker.add_job(d.identifier, json_build_object('$ratchet', d.id::text), max_attempts => 32767, priority => -100)
     from (select j.identifier, j.id from ratchet.jobs j cross join generate_series(1, $2) where j.id = any ($1) order by j.id) d`,
    [jobIds, times],
  );
}
