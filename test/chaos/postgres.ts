import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type pg from "pg";

import { findNativeFolder, prepareBinaries } from "../../src/database/embedded/binaries.ts";
import { clusterFiles, initialiseCluster, readPassword } from "../../src/database/embedded/cluster.ts";
import { placementOf, preparePlacement } from "../../src/database/embedded/placement.ts";
import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { startPostgres } from "../../src/database/embedded/server.ts";
import { embeddedUrl, ensureDatabase } from "../../src/database/embedded/sessions.ts";
import { silentLog } from "../../src/database/log.ts";
import { createPool } from "../../src/database/pool.ts";
import { waitUntil } from "../support/waiting.ts";

/**
 * No fsync: what a killed Postgres has handed to the system outlives it, and no fault here takes the machine down. Commit
 * times tell when an end became visible.
 */
const SETTINGS = {
  fsync: "off",
  max_connections: "100",
  track_commit_timestamp: "on",
  shared_buffers: "128MB",
  max_wal_size: "512MB",
  checkpoint_timeout: "60s",
  log_min_messages: "error",
};
/** For the whole cluster of a long run and its WAL. */
const DISK_BYTES = 6 * 1024 ** 3;
/** What is left when the disk is full: a page or so. */
const LEFT_BYTES = 65_536;

/** How Postgres is taken down: in good order, or leaving a crash to recover from. */
export type StopMode = "fast" | "immediate";

/** A Postgres that can be maltreated. */
export interface Postgres {
  /** Not through any proxy. */
  readonly url: string;
  /** Connections for the run itself; what it asks fails while Postgres is down. */
  readonly admin: pg.Pool;
  /** Whether the disk can be filled: as root on Linux, where the data has a file system of its own. */
  readonly canFillDisk: boolean;
  isUp(): boolean;
  stop(mode: StopMode): Promise<void>;
  /** Starts it if it does not run; as a standby it takes reads only until {@link promote}. */
  start(as?: "primary" | "standby"): Promise<void>;
  promote(): Promise<void>;
  fillDisk(): void;
  freeDisk(): void;
  /** Asks again until Postgres answers. */
  answer<Answer>(ask: (admin: pg.Pool) => Promise<Answer>): Promise<Answer>;
  /** Ends it and removes all it wrote. */
  remove(): Promise<void>;
}

/** Starts a Postgres of the run's own, on a file system of its own where that can be had. */
export async function startOwnPostgres(): Promise<Postgres & { readonly folder: string }> {
  const folder = mkdtempSync(join(roomiestParent(), "ratchet-chaos-"));
  // For root, Postgres runs as another user, who has to pass through.
  chmodSync(folder, 0o755);
  const disk = join(folder, "disk");
  mkdirSync(disk);
  const canFillDisk = mountDisk(disk, DISK_BYTES);
  const placement = placementOf(join(disk, "data"), disk);
  preparePlacement(placement);
  const binaries = prepareBinaries(findNativeFolder(process.cwd()), placement.folder, placement.owner !== null);
  await initialiseCluster(placement, () => binaries);
  const files = clusterFiles(placement.folder);
  let port: number | undefined;

  async function start(as: "primary" | "standby" = "primary"): Promise<void> {
    if (readPostmaster(files.data) !== null) {
      await waitUntil(() => readPostmaster(files.data)?.status !== "starting", { timeoutMs: 60_000 });
      return;
    }
    const signalFile = join(files.data, "standby.signal");
    if (as === "standby") {
      writeFileSync(signalFile, "");
    } else {
      rmSync(signalFile, { force: true });
    }
    readPostmaster(files.data, { discardStale: true });
    const started = await startPostgres(placement, binaries, { port, settings: SETTINGS, log: silentLog });
    port ??= started?.port;
  }

  async function stop(mode: StopMode): Promise<void> {
    const postmaster = readPostmaster(files.data);
    if (postmaster !== null) {
      process.kill(postmaster.pid, mode === "fast" ? "SIGINT" : "SIGQUIT");
      await waitUntil(() => readPostmaster(files.data) === null, { timeoutMs: 60_000, what: "the end of Postgres" });
    }
  }

  await start();
  const target = { port: port ?? 0, password: readPassword(files.password) };
  await ensureDatabase(target);
  const url = embeddedUrl(target);
  const admin = createPool({ connectionString: url, max: 10, applicationName: "chaos" });

  async function answer<Answer>(ask: (pool: pg.Pool) => Promise<Answer>): Promise<Answer> {
    let last: unknown;
    return waitUntil(
      async () => {
        try {
          return { of: await ask(admin) };
        } catch (error) {
          last = error;
          return null;
        }
      },
      { timeoutMs: 60_000, what: "an answer of Postgres" },
    ).then(
      ({ of }) => of,
      (error: unknown) => {
        throw new Error(String(error), { cause: last });
      },
    );
  }

  function usedBytes(): number {
    const { blocks, bfree, bsize } = statfsSync(disk);
    return (blocks - bfree) * bsize;
  }

  return {
    folder,
    url,
    admin,
    canFillDisk,
    isUp: () => readPostmaster(files.data)?.status === "ready",
    stop,
    start,
    async promote() {
      await answer(async (pool) => {
        const { rows } = await pool.query<{ standby: boolean }>("select pg_is_in_recovery() as standby");
        return rows[0]?.standby === true ? pool.query("select pg_promote(true, 60)") : undefined;
      });
    },
    fillDisk() {
      // What is written meanwhile makes the size too small.
      let leftBytes = LEFT_BYTES;
      while (!resizeDisk(disk, usedBytes() + leftBytes)) {
        leftBytes *= 2;
      }
    },
    freeDisk() {
      resizeDisk(disk, DISK_BYTES);
    },
    answer,
    async remove() {
      await admin.end();
      await stop("immediate");
      if (canFillDisk) {
        // A process of Postgres may outlive its server for a moment.
        execFileSync("umount", ["--lazy", disk]);
      }
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function mountDisk(disk: string, bytes: number): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes},mode=755`, "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function resizeDisk(disk: string, bytes: number): boolean {
  return spawnSync("mount", ["-o", `remount,size=${bytes}`, disk]).status === 0;
}

function roomiestParent(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > DISK_BYTES ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}
