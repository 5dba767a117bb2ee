import { type FaultClass, type Target, lasting, runningEverywhere } from "./fault.ts";

const MOST_DUPLICATED = 12;

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
    name: "wake-ups doubled under a lock of the tasks",
    async strike(target, random) {
      const hits = runningEverywhere(target).length;
      const client = await target.postgres.admin.connect();
      try {
        await client.query("begin");
        // Reads go on, and whoever wants to lock a row waits: all claims of that moment decide at once.
        await client.query("set local lock_timeout = 2000");
        await client.query("lock table ratchet.tasks in exclusive mode");
        const { rows } = await client.query<{ id: string }>(
          "select id from ratchet.jobs where finished_at is null and worker_id is null order by random() limit $1",
          [MOST_DUPLICATED],
        );
        await duplicate(
          target,
          rows.map(({ id }) => id),
          4,
        );
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

async function duplicate({ postgres }: Target, jobIds: readonly string[], times: number): Promise<void> {
  await postgres.admin.query(
    `select graphile_worker.add_job(j.identifier, json_build_object('$ratchet', j.id::text), max_attempts => 32767)
     from ratchet.jobs j cross join generate_series(1, $2) where j.id = any ($1)`,
    [jobIds, times],
  );
}
