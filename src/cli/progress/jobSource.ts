import type pg from "pg";

import type { JobSnapshot } from "../../database/calls/jobs.ts";
import { announcedJobs } from "../../database/announcements.ts";
import { announcementChannel } from "../../database/calls/wakeUps.ts";
import { listen } from "../../database/listener.ts";
import { findJob } from "../findJob.ts";
import type { JobSource } from "./followJob.ts";

/** Reads the job from the database and hears of its changes on its tenant's channel. */
export async function createJobSource(
  { pool, url }: { readonly pool: pg.Pool; readonly url: string },
  job: Pick<JobSnapshot, "id" | "tenant">,
): Promise<JobSource> {
  const channel = await announcementChannel(pool, job.tenant);
  return {
    read: () => findJob(pool, job.id),
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
