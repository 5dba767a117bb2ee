import { setTimeout as sleep } from "node:timers/promises";

import { postgresCpuMs } from "./cpu.ts";
import type { DrainResult, Peer, RunOptions } from "./peer.ts";
import { type BenchDatabase, type BenchServer, COUNTED } from "./server.ts";
import { runStep, type Step } from "./step.ts";

/** One measured value and what else was seen, each a number by name. */
export interface Sample {
  readonly value: number;
  readonly details: Readonly<Record<string, number>>;
}

/** What is asked for beside `RunOptions`. */
export interface Measured extends Omit<RunOptions, "databaseUrl"> {
  /** Of the run's database alone, e.g. `{ commit_delay: "5000" }`. */
  readonly databaseSettings?: Readonly<Record<string, string>>;
  /** The value is then statements a job instead of jobs a second. */
  readonly countsStatements?: boolean;
}

/** Jobs a second of one drain by `peer` on a fresh database, from the first handler's start to the last job's end there. */
export function measureDrain(server: BenchServer, peer: Peer, measured: Measured): Promise<Sample> {
  return prepared(server, peer, measured, async (options, database) => {
    if (measured.countsStatements === true) {
      await database.client.query("create extension pg_stat_statements");
      await database.client.query("select pg_stat_statements_reset()");
    }
    const counted = await countersOf(server, database);
    const { result, nodeCpuMs } = await runStep<DrainResult>(peer.name, "drain", options);
    const used = await counted();
    const seconds = (result.lastDoneMs - result.firstStartMs) / 1000;
    return {
      value: measured.countsStatements === true ? await statementsPerJob(database, options) : options.jobs / seconds,
      details: {
        jobs: options.jobs,
        seconds,
        peakRssMb: result.peakRssMb,
        nodeCpuMsPerJob: nodeCpuMs / options.jobs,
        ...perJob(used, options.jobs),
      },
    };
  });
}

/** Milliseconds from enqueuing to the end of one job on an idle system: `value` is the median. */
export function measureIdle(server: BenchServer, peer: Peer, measured: Measured): Promise<Sample> {
  return prepared(server, peer, { ...measured, jobs: 0 }, async (options) => {
    const { result } = await runStep<readonly number[]>(peer.name, "one", { ...options, jobs: measured.jobs });
    // The first ones wait for connections and compilers.
    const times = result.slice(Math.ceil(result.length / 10)).toSorted((first, second) => first - second);
    const share = (part: number): number => times[Math.min(Math.floor(times.length * part), times.length - 1)] ?? 0;
    return { value: share(0.5), details: { p50Ms: share(0.5), p95Ms: share(0.95), p99Ms: share(0.99) } };
  });
}

/** Jobs added a second while no worker runs. */
export function measureEnqueue(
  server: BenchServer,
  peer: Peer,
  step: Step & ("serial" | "concurrent" | "bulk"),
  measured: Measured,
): Promise<Sample> {
  return prepared(server, peer, { ...measured, jobs: 0 }, async (options) => {
    const { result } = await runStep<number>(peer.name, step, { ...options, jobs: measured.jobs });
    return { value: result, details: { jobs: measured.jobs } };
  });
}

/** A fresh database, set up and filled in a process of its own, its pages written, so that no run pays for another's. */
async function prepared<Answer>(
  server: BenchServer,
  peer: Peer,
  { databaseSettings = {}, countsStatements = false, ...measured }: Measured,
  use: (options: RunOptions, database: BenchDatabase) => Promise<Answer>,
): Promise<Answer> {
  const service = await peer.startService?.();
  const database = await server.freshDatabase(
    countsStatements ? { ...databaseSettings, ...COUNTED } : databaseSettings,
  );
  try {
    const settings = { ...measured.settings, ...service?.settings };
    const options = { ...measured, settings, databaseUrl: database.url };
    await runStep(peer.name, "prepare", options);
    await settle(database);
    return await use(options, database);
  } finally {
    await database.drop();
    await service?.stop();
  }
}

/** Writes all pages and statistics, so that what follows pays for itself alone. */
export async function settle({ client }: BenchDatabase): Promise<void> {
  await client.query("vacuum analyze");
  await client.query("checkpoint");
}

interface Counters {
  readonly commits: number;
  readonly walBytes: number;
  /** 0 where it cannot be read. */
  readonly postgresCpuMs: number;
}

/** Counts from now until the function is called that comes back. */
async function countersOf(server: BenchServer, database: BenchDatabase): Promise<() => Promise<Counters>> {
  const read = async (): Promise<Counters> => {
    const { rows } = await database.client.query<{ commits: number; walBytes: number }>(
      `select xact_commit::float8 as commits, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as "walBytes"
       from pg_stat_database where datname = current_database()`,
    );
    const { commits = 0, walBytes = 0 } = rows[0] ?? {};
    return { commits, walBytes, postgresCpuMs: postgresCpuMs(server.processId) ?? 0 };
  };
  const before = await read();
  return async () => {
    // Backends that end tell what they did; the last ones may be ending still.
    await othersGone(database);
    const after = await read();
    return {
      commits: after.commits - before.commits,
      walBytes: after.walBytes - before.walBytes,
      postgresCpuMs: after.postgresCpuMs - before.postgresCpuMs,
    };
  };
}

/** Counters divided by a number of jobs, under the names that reports use. */
function perJob(used: Counters, jobs: number): Record<string, number> {
  return {
    commitsPerJob: used.commits / jobs,
    walBytesPerJob: used.walBytes / jobs,
    postgresCpuMsPerJob: used.postgresCpuMs / jobs,
  };
}

async function statementsPerJob({ client }: BenchDatabase, { jobs }: RunOptions): Promise<number> {
  const { rows } = await client.query<{ calls: number }>(
    `select coalesce(sum(s.calls), 0)::float8 as calls from pg_stat_statements s
     join pg_database d on d.oid = s.dbid and d.datname = current_database()`,
  );
  return (rows[0]?.calls ?? 0) / jobs;
}

async function othersGone({ client }: BenchDatabase): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::integer as others from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`,
    );
    if (rows[0]?.others === 0) {
      return;
    }
    await sleep(20);
  }
}
