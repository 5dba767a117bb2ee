import type { JobHelpers } from "graphile-worker";
import { adoptJob } from "../database/calls/wakeUps.ts";
import { repeatUntilAnswered } from "../engine/repeat.ts";
import type { EngineSession } from "../engine/session.ts";

/**
 * Makes a tracked job, once, of a wake-up that was added without Ratchet, and returns its id. Repeated until Postgres
 * answers: a row with `max_attempts => 1` would never be fetched again after an error.
 */
export async function adoptWakeUp(
  { pool, events, closing }: EngineSession,
  identifier: string,
  payload: unknown,
  helpers: JobHelpers,
): Promise<string> {
  const { job } = helpers;
  const jobId = await repeatUntilAnswered(
    async () =>
      adoptJob(pool, {
        graphileJobId: job.id,
        identifier,
        payload,
        queueName: await helpers.getQueueName(),
        priority: job.priority,
        runAt: new Date(job.run_at),
      }),
    { call: "adopt", events, signal: closing },
  );
  events.emit("job.adopted", { jobId, identifier, graphileJobId: job.id });
  return jobId;
}
