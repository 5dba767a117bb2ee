import pg from "pg";
import { afterAll, beforeAll, test } from "vitest";

import { waitUntil } from "../support/waiting.ts";
import { type Fault, expectToSurvive, pause } from "./faultRun.ts";
import { type FaultyServer, startFaultyServer } from "./faultyServer.ts";
import { type WorkerProcess, startWorkerProcess } from "./workerProcess.ts";

const AWAY_MS = 1500;

let server: FaultyServer;
// One process lives through all of it.
let worker: WorkerProcess;

beforeAll(async () => {
  server = await startFaultyServer();
  worker = await startWorkerProcess(server.url);
});

afterAll(async () => {
  await worker.remove();
  await server.remove();
});

async function pidsOf(where: string): Promise<number[]> {
  const rows = await server.sql<{ pid: number }>(
    `select pid from pg_stat_activity where usename = 'app' and (${where}) order by pid`,
  );
  return rows.map(({ pid }) => pid);
}

/** Ends every session of the worker and opens others as `app`, until Postgres has none left for it; returns these. */
async function takeAllConnections(): Promise<pg.Client[]> {
  const greedy: pg.Client[] = [];
  for (;;) {
    await server.sql(
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' and application_name <> 'greedy'",
    );
    for (let isRoom = true; isRoom;) {
      const session = new pg.Client({ connectionString: server.url, application_name: "greedy" });
      session.on("error", () => {});
      isRoom = await session.connect().then(
        () => greedy.push(session) > 0,
        () => false,
      );
    }
    if ((await pidsOf("application_name <> 'greedy'")).length === 0) {
      return greedy;
    }
  }
}

/** Makes every commit that changes a task fail, as a disk does that has no room left. */
async function fillDisk(): Promise<void> {
  await server.sql(`
    create function public.no_room() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file "base/16384/16390": No space left on device' using errcode = '53100'; end $$`);
  await server.sql(
    "create trigger no_room before insert or update on ratchet.tasks for each statement execute function public.no_room()",
  );
}

const FAULTS: readonly Fault[] = [
  {
    name: "a restart (fast)",
    strike: async () => {
      await server.stop("fast");
      await pause(AWAY_MS);
      await server.start();
    },
    kinds: ["unreachable"],
  },
  {
    name: "a crash (immediate)",
    strike: async () => {
      await server.stop("immediate");
      await pause(AWAY_MS);
      await server.start();
    },
    kinds: ["unreachable"],
  },
  {
    name: "one backend that is killed, so that Postgres ends all and recovers",
    strike: async () => {
      const [pid] = await pidsOf("application_name = 'ratchet engine'");
      process.kill(pid ?? 0, "SIGKILL");
      await waitUntil(async () => (await server.sql("select 1").catch(() => [])).length === 1);
    },
    kinds: ["unreachable"],
  },
  {
    name: "all its sessions terminated",
    strike: async () => {
      await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
    },
    kinds: ["unreachable"],
  },
  {
    name: "the session that holds its lock and beats terminated",
    strike: async () => {
      await waitUntil(async () => {
        const killed = await server.sql(
          `select pg_terminate_backend(l.pid) from pg_locks l join pg_stat_activity a using (pid)
           where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and a.usename = 'app'`,
        );
        return killed.length > 0;
      });
    },
    kinds: ["unreachable"],
  },
  {
    name: "the session that listens terminated",
    strike: async () => {
      // After the fault before it may not be back yet.
      await waitUntil(async () => {
        const killed = await server.sql(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' and query ilike 'listen%'",
        );
        return killed.length > 0;
      });
    },
    kinds: ["unreachable"],
  },
  {
    name: "every connection taken by others",
    strike: async () => {
      const greedy = await takeAllConnections();
      await pause(AWAY_MS);
      await Promise.all(greedy.map((session) => session.end()));
    },
    kinds: ["unreachable", "full"],
  },
  {
    name: "a role that may open no connection",
    strike: async () => {
      await server.sql("alter role app connection limit 0");
      await server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
      await pause(AWAY_MS);
      await server.sql("alter role app connection limit -1");
    },
    kinds: ["unreachable", "full"],
  },
  {
    name: "a failover: the server comes back as a replica, and is promoted later",
    strike: async () => {
      await server.stop("fast");
      await server.startAsReplica();
      await pause(AWAY_MS);
      await server.promote();
    },
    kinds: ["unreachable", "read only"],
  },
  {
    name: "a full disk",
    strike: async () => {
      await fillDisk();
      await pause(AWAY_MS);
      await server.sql("drop trigger no_room on ratchet.tasks");
      await server.sql("drop function public.no_room()");
    },
    kinds: ["disk full"],
  },
];

test.each(FAULTS)(
  "a worker goes on by itself after $name",
  async (fault) => {
    await expectToSurvive(server, worker, fault);
  },
  120_000,
);
