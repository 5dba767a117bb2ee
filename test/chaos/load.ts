import { setTimeout as sleep } from "node:timers/promises";

import { type PlannedJob, drawJob, poisonJob } from "./plans.ts";
import type { Postgres } from "./postgres.ts";
import type { Random } from "./random.ts";

const PAUSE_MS = 150;
const MOST_AT_ONCE = 40;

/** A job whose adding Postgres has confirmed. */
export interface AddedJob {
  readonly jobId: string;
  readonly planned: PlannedJob;
}

/** What keeps the workers busy. */
export interface Load {
  /** Every job that was to be added, by token; some of those without an answer may be there all the same. */
  readonly planned: ReadonlyMap<string, PlannedJob>;
  /** Those with an answer, by number. */
  readonly added: ReadonlyMap<string, AddedJob>;
  /** Jobs seen without their whole plan. */
  readonly halfPlanned: readonly string[];
  addPoison(): Promise<void>;
  /** Adds jobs that are due later; resolves to their ids. */
  addForLater(jobs: number, inMs: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Adds jobs so that about `unfinished` of them are always unfinished. */
export function startLoad(postgres: Postgres, random: Random, unfinished: number): Load {
  const planned = new Map<string, PlannedJob>();
  const added = new Map<string, AddedJob>();
  const halfPlanned: string[] = [];
  const special = random.fork();
  const ending = new AbortController();
  let count = 0;

  async function add(jobs: readonly PlannedJob[], inMs = 0): Promise<string[]> {
    for (const job of jobs) {
      planned.set(job.payload.token, job);
    }
    const specs = jobs.map(({ identifier, payload, maxAttempts, priority, queueName }) => ({
      identifier,
      payload,
      max_attempts: maxAttempts,
      priority,
      queue_name: queueName,
      ...(inMs > 0 && { run_at: new Date(Date.now() + inMs).toISOString() }),
    }));
    const { rows } = await postgres.admin.query<{ id: string }>("select id from ratchet.add_jobs($1::text::jsonb)", [
      JSON.stringify(specs),
    ]);
    for (const [index, job] of jobs.entries()) {
      const jobId = rows[index]?.id ?? "";
      added.set(jobId, { jobId, planned: job });
    }
    return rows.map(({ id }) => id);
  }

  async function topUp(): Promise<void> {
    const { rows } = await postgres.admin.query<{ there: number; half: string[] }>(
      `select count(*)::integer as there, coalesce(array_agg(j.id) filter (where not exists (
         select from ratchet.tasks t where t.job_id = j.id and t.position = jsonb_array_length(j.payload -> 'steps')
           + jsonb_array_length(j.payload -> 'writes') + jsonb_array_length(j.payload -> 'timed') + 1)), '{}') as half
       from ratchet.jobs j where j.finished_at is null`,
    );
    const [{ there, half } = { there: unfinished, half: [] }] = rows;
    halfPlanned.push(...half);
    const missing = Math.min(unfinished - there, MOST_AT_ONCE);
    if (missing > 0) {
      await add(Array.from({ length: missing }, () => drawJob(random, `job ${++count}`)));
    }
  }

  async function keepUp(): Promise<void> {
    while (!ending.signal.aborted) {
      // Postgres may be away; then nothing is added.
      await topUp().catch(() => {});
      await sleep(PAUSE_MS);
    }
  }
  const running = keepUp();

  return {
    planned,
    added,
    halfPlanned,
    async addPoison() {
      await add([poisonJob(special, `job ${++count}`)]);
    },
    addForLater: (jobs, inMs) =>
      add(
        Array.from({ length: jobs }, () => drawJob(special, `job ${++count}`)),
        inMs,
      ),
    async stop() {
      ending.abort();
      await running;
    },
  };
}
