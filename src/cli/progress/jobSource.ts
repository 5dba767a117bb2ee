import type pg from "pg";

import { type JobSnapshot, readEtaSeconds } from "../../database/calls/jobs.ts";
import { announcedJobs } from "../../database/announcements.ts";
import { announcementChannel } from "../../database/calls/wakeUps.ts";
import { workersForJob } from "../../database/calls/workers.ts";
import { listen } from "../../database/listener.ts";
import { findJob } from "../findJob.ts";
import type { JobSource } from "./followJob.ts";
import { isFinal } from "./snapshot.ts";

/** It looks at earlier jobs, and of long plans at every task. */
const ETA_EVERY_MS = 1_000;

/** Reads the job from the database and hears of its changes on its tenant's channel. */
export async function createJobSource(
  { pool, url }: { readonly pool: pg.Pool; readonly url: string },
  job: Pick<JobSnapshot, "id" | "tenant">,
): Promise<JobSource> {
  const channel = await announcementChannel(pool, job.tenant);
  let eta: { readonly at: Date | null; readonly readAtMs: number } | undefined;
  return {
    read: async () => {
      const snapshot = await findJob(pool, job.id);
      if (isFinal(snapshot)) {
        return snapshot;
      }
      if (eta === undefined || performance.now() - eta.readAtMs > ETA_EVERY_MS) {
        const seconds = await readEtaSeconds(pool, job.id);
        const at = seconds === null ? null : new Date(snapshot.now.getTime() + 1_000 * seconds);
        eta = { at, readAtMs: performance.now() };
      }
      return { ...snapshot, etaAt: eta.at, workers: await workersForJob(pool, job.id) };
    },
    subscribe: (wake) =>
      listen({
        connectionString: url,
        channel,
        onNotification: (payload) => {
          if (payload === null || (announcedJobs(payload)?.includes(job.id) ?? true)) {
            wake();
          }
        },
      }),
  };
}
