import type pg from "pg";

import type { LedgerEntry } from "../ledgerFile.ts";
import { type FaultClass, type Target, runningEverywhere } from "./fault.ts";
import type { Random } from "../random.ts";

type Order = (admin: pg.Pool, task: LedgerEntry, random: Random) => Promise<unknown>;

/** An order about a job of which a task runs at that moment. */
function order(name: string, give: Order): FaultClass<Target> {
  return {
    name,
    async strike(target, random) {
      const running = runningEverywhere(target);
      if (running.length === 0) {
        return 0;
      }
      const task = random.pick(running);
      try {
        await give(target.postgres.admin, task, random);
        return 1;
      } catch (error) {
        // The job has ended meanwhile.
        if (String((error as { code?: unknown }).code).startsWith("RT")) {
          return 0;
        }
        throw error;
      }
    },
  };
}

async function keyOf(admin: pg.Pool, { jobId, position }: LedgerEntry): Promise<string> {
  const { rows } = await admin.query<{ key: string }>(
    "select key from ratchet.tasks where job_id = $1 and position = $2",
    [jobId, position],
  );
  return rows[0]?.key ?? "";
}

/** What operators do to jobs that run. */
export const ORDER_FAULTS: readonly FaultClass<Target>[] = [
  order("cancel", (admin, { jobId }) => admin.query("select ratchet.cancel_job($1, 'chaos')", [jobId])),
  order("cancel and retry", async (admin, { jobId }) => {
    await admin.query("select ratchet.cancel_job($1, 'chaos')", [jobId]);
    await admin.query("select ratchet.retry_job($1, null, 'chaos')", [jobId]);
  }),
  order("cancel and retry from a task", async (admin, task, random) => {
    const key = await keyOf(admin, { ...task, position: random.int(1, task.position) });
    await admin.query("select ratchet.cancel_job($1, 'chaos')", [task.jobId]);
    await admin.query("select ratchet.retry_job($1, $2, 'chaos')", [task.jobId, key]);
  }),
  order("skip the running task", async (admin, task) => {
    await admin.query("select ratchet.skip_task($1, $2, 'chaos')", [task.jobId, await keyOf(admin, task)]);
  }),
  order("complete the running task", async (admin, task) => {
    await admin.query(`select ratchet.complete_task($1, $2, '{"byOperator": true}', 'chaos')`, [
      task.jobId,
      await keyOf(admin, task),
    ]);
  }),
];
