import { type JobFilter, listJobs } from "../database/calls/jobList.ts";
import { announcementChannel } from "../database/calls/wakeUps.ts";
import { listen } from "../database/listener.ts";
import type { CliContext } from "./context.ts";
import type { CommandDatabase } from "./database.ts";
import { EXIT_CODES } from "./exitCodes.ts";
import { watchJobs } from "./progress/watchJobs.ts";

/** Shows the jobs that match live until somebody interrupts, which is the only end it has. */
export async function watchList(
  context: CliContext,
  { pool, url }: CommandDatabase,
  filter: JobFilter,
  { signal, json }: { readonly signal: AbortSignal; readonly json: boolean },
): Promise<void> {
  const channel = await announcementChannel(pool, filter.tenant ?? null);
  const source = {
    read: () => listJobs(pool, filter),
    subscribe: (wake: () => void) => listen({ connectionString: url, channel, onNotification: wake }),
  };
  await watchJobs(context, source, { signal, limit: filter.limit, json });
  context.exitWith(EXIT_CODES.interrupted.code);
}
