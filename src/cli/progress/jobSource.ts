import type pg from "pg";

import type { JobSnapshot } from "../../database/calls/jobs.ts";
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
          if (payload === null || concerns(payload, job.id)) {
            wake();
          }
        },
      }),
  };
}

/** Whether an announcement, `{"jobs": ["1", "2"]}` or `{"many": true}`, may be about the job. */
function concerns(announcement: string, jobId: string): boolean {
  try {
    const { jobs } = JSON.parse(announcement) as { jobs?: unknown };
    return !Array.isArray(jobs) || jobs.includes(jobId);
  } catch {
    return true;
  }
}
