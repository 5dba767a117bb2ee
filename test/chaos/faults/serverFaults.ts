import pg from "pg";

import { waitUntil } from "../../support/waiting.ts";
import { type FaultClass, type Target, lasting, runningEverywhere } from "./fault.ts";

const WORKERS_SESSIONS = `from pg_catalog.pg_stat_activity
  where backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid() and application_name not like 'chaos%'`;

/** What happens to Postgres, and so to all workers at once. */
export const SERVER_FAULTS: readonly FaultClass<Target>[] = [
  {
    name: "Postgres restarted (fast)",
    async strike(target) {
      const hits = runningEverywhere(target).length;
      await target.postgres.stop("fast");
      await target.postgres.start();
      return hits;
    },
  },
  {
    name: "Postgres crashed (immediate)",
    async strike(target, random) {
      const hits = runningEverywhere(target).length;
      await target.postgres.stop("immediate");
      await lasting(random, 0, 3000);
      await target.postgres.start();
      return hits;
    },
  },
  {
    name: "backend killed by SIGKILL",
    async strike(target) {
      const { rows } = await target.postgres.admin.query<{ pid: number }>(
        `select pid ${WORKERS_SESSIONS} order by random() limit 1`,
      );
      const hits = runningEverywhere(target).length;
      const [victim] = rows;
      if (victim === undefined) {
        return 0;
      }
      process.kill(victim.pid, "SIGKILL");
      // Postgres ends all others as well, and recovers.
      await waitUntil(() => target.postgres.isUp());
      await target.postgres.answer((admin) => admin.query("select"));
      return hits;
    },
  },
  {
    name: "some backends terminated",
    async strike(target) {
      const hits = runningEverywhere(target).length;
      await target.postgres.admin.query(`select pg_terminate_backend(pid) ${WORKERS_SESSIONS} and random() < 0.3`);
      return hits;
    },
  },
  {
    name: "all backends terminated",
    async strike(target) {
      const hits = runningEverywhere(target).length;
      await target.postgres.admin.query(`select pg_terminate_backend(pid) ${WORKERS_SESSIONS}`);
      return hits;
    },
  },
  {
    name: "connections exhausted",
    async strike(target, random) {
      const { postgres } = target;
      const hits = runningEverywhere(target).length;
      const fillers: pg.Client[] = [];
      const untilMs = Date.now() + random.int(2000, 5000);
      await postgres.admin.query(`select pg_terminate_backend(pid) ${WORKERS_SESSIONS} and random() < 0.7`);
      while (Date.now() < untilMs) {
        const filler = new pg.Client({ connectionString: postgres.url, application_name: "chaos filler" });
        filler.on("error", () => {});
        try {
          await filler.connect();
          fillers.push(filler);
        } catch {
          await lasting(random, 20, 50);
        }
      }
      await Promise.allSettled(fillers.map((filler) => filler.end()));
      return hits;
    },
  },
  {
    name: "read-only (a standby, then promoted)",
    async strike(target, random) {
      const hits = runningEverywhere(target).length;
      await target.postgres.stop("fast");
      await target.postgres.start("standby");
      await lasting(random, 1000, 4000);
      await target.postgres.promote();
      return hits;
    },
  },
  {
    name: "disk full",
    isPossible: ({ postgres }) => postgres.canFillDisk,
    async strike(target, random) {
      const { postgres } = target;
      const hits = runningEverywhere(target).length;
      postgres.fillDisk();
      try {
        await lasting(random, 1500, 5000);
      } finally {
        postgres.freeDisk();
      }
      // Out of room for its log of writes, Postgres ends itself.
      await postgres.start();
      await postgres.answer((admin) => admin.query("select"));
      return hits;
    },
  },
  {
    name: "migration run again",
    async strike(target) {
      const hits = runningEverywhere(target).length;
      await target.schema.migrateAgain();
      return hits;
    },
  },
];
