import type { Queryable } from "./queryable.ts";

/** A registered version of a definition, and how it is doing. */
export interface DefinitionOverview {
  readonly identifier: string;
  readonly version: string;
  /** Whether `add_job` plans by this version. */
  readonly isCurrent: boolean;
  /** `each`: the jsonpath of the array that makes one task per element; null for exactly one task. */
  readonly templates: readonly { readonly key: string; readonly title: string; readonly each: string | null }[];
  /** JSON Schema of the payload; null if its validator gives none. */
  readonly payloadSchema: object | null;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
  /** How long a job may take as a whole; null: no limit. */
  readonly timeoutMs: number | null;
  readonly unfinishedJobs: number;
  /** Of these, jobs that failed and are tried again. */
  readonly willRetryJobs: number;
  /** Jobs that FAILED for good within the last hour. */
  readonly failedJobs: number;
  /** Live workers that know this version. */
  readonly liveWorkers: number;
  readonly registeredAt: Date;
}

/** What narrows {@link listDefinitions}. */
export interface DefinitionFilter {
  readonly identifier?: string | undefined;
  /** Older versions too. Default: those with unfinished jobs, and the current one. */
  readonly allVersions?: boolean | undefined;
  /** Only those with jobs that failed, for good within the last hour or to be tried again. */
  readonly isFailing?: boolean | undefined;
}

/** The registered definitions by identifier, the current version first. */
export async function listDefinitions(db: Queryable, filter: DefinitionFilter = {}): Promise<DefinitionOverview[]> {
  const { rows } = await db.query<DefinitionOverview>(
    `select * from (
       select d.identifier, d.version, d.templates, d.payload_schema as "payloadSchema", d.max_attempts as "maxAttempts",
         extract(epoch from d.retry_delay)::double precision * 1000 as "retryDelayMs",
         extract(epoch from d.timeout)::double precision * 1000 as "timeoutMs", d.registered_at as "registeredAt",
         row_number() over (partition by d.identifier order by d.current_since desc, d.version) = 1 as "isCurrent",
         coalesce(open.jobs, 0)::integer as "unfinishedJobs", coalesce(open.failed, 0)::integer as "willRetryJobs",
         (select count(*) from ratchet.jobs j where j.identifier = d.identifier and j.version = d.version and j.status = 'FAILED'
            and j.finished_at is not null and j.finished_at >= clock_timestamp() - interval '1 hour')::integer as "failedJobs",
         (select count(*) from ratchet.workers w where d.version = any (w.known_versions) and ratchet_private.is_worker_live(w))::integer
           as "liveWorkers"
       from ratchet.definitions d
       left join (
         select j.identifier, j.version, count(*) as jobs, count(*) filter (where j.status = 'FAILED') as failed from ratchet.jobs j where j.finished_at is null group by 1, 2
       ) open on open.identifier = d.identifier and open.version = d.version
       where $1::text is null or d.identifier = $1::text
     ) found
     where ($2::boolean or "isCurrent" or "unfinishedJobs" > 0)
       and (not $3::boolean or "willRetryJobs" > 0 or "failedJobs" > 0)
     order by identifier, "isCurrent" desc, "registeredAt" desc, version`,
    [filter.identifier ?? null, filter.allVersions ?? false, filter.isFailing ?? false],
  );
  return rows;
}
