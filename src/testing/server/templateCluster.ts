import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";
import { makePasswordCheap } from "../../database/calls/testDatabases.ts";
import { clusterFiles, readPassword } from "../../database/embedded/cluster.ts";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../database/embedded/embeddedPostgres.ts";
import { withLockFile } from "../../database/embedded/lockFile.ts";
import { placementOf } from "../../database/embedded/placement.ts";
import { silentLog } from "../../database/log.ts";
import { migrate } from "../../database/migrator.ts";
import { createPool } from "../../database/pool.ts";
import { contentHash } from "./contentHash.ts";
import { sharedFolder } from "./folders.ts";
import { watchServer } from "./serverWatch.ts";

/** The settings of every Postgres that the kit starts: nothing here outlives a power cut, and nobody looks at its statistics. */
export const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  fsync: "off",
  full_page_writes: "off",
  autovacuum: "off",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_wal_size: "64MB",
  wal_recycle: "off",
  shared_buffers: "16MB",
  max_connections: "200",
};

/** Templates that are kept besides those used of late, for projects of other versions. */
const MOST_KEPT = 4;
const USED_OF_LATE_MS = 600_000;
const KEPT_UNUSED_MS = 24 * 3_600_000;

/**
 * The folder of a stopped Postgres whose database `ratchet` is migrated: what the Postgres of each test process is copied
 * from, because that takes 60 ms where initdb and migrating take 1.2 s. Made once for each content of the migrations.
 */
export async function ensureTemplateCluster(): Promise<string> {
  const shared = sharedFolder();
  const finished = path.join(shared, `template-${contentHash()}`);
  if (!existsSync(finished)) {
    // The lock only saves work: of two that make it at once, threads of one process, the first to rename wins.
    await withLockFile(`${finished}.lock`, silentLog, async () => {
      if (!existsSync(finished)) {
        removeUnused(shared);
        await makeTemplate(shared, finished);
      }
    });
  }
  const now = new Date();
  utimesSync(finished, now, now);
  return finished;
}

async function makeTemplate(shared: string, finished: string): Promise<void> {
  const dataFolder = path.join(shared, `draft-${randomUUID()}`);
  const draft = placementOf(dataFolder, shared).folder;
  const watch = watchServer(draft);
  try {
    const server = await startEmbeddedPostgres({ dataFolder, parentForRoot: shared, settings: SERVER_SETTINGS });
    try {
      await fill(server);
    } finally {
      await server.stop();
    }
    removeProgramsIn(draft);
    renameSync(draft, finished);
  } catch (error) {
    if (!existsSync(finished)) {
      throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
    watch.end();
  }
}

/** For root they were copied there; each process runs those of the shared folder. */
function removeProgramsIn(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith("binaries-"))) {
    rmSync(path.join(folder, name), { recursive: true });
  }
}

async function fill({ url, dataFolder }: EmbeddedPostgres): Promise<void> {
  const pool = createPool({ connectionString: url, max: 2 });
  try {
    await migrate(pool);
    await makePasswordCheap(pool, readPassword(clusterFiles(dataFolder).password));
  } finally {
    await pool.end();
  }
}

/** Templates of other versions, and what interrupted makers left. The programs stay: a running Postgres loads parts of them later. */
function removeUnused(shared: string): void {
  const byUse = readdirSync(shared)
    .filter((name) => !/^binaries-\d|\.lock/v.test(name))
    .map((name) => ({ folder: path.join(shared, name), usedAtMs: statSync(path.join(shared, name)).mtimeMs }))
    .toSorted((one, other) => other.usedAtMs - one.usedAtMs);
  for (const [index, { folder, usedAtMs }] of byUse.entries()) {
    if (Date.now() - usedAtMs > (index < MOST_KEPT ? KEPT_UNUSED_MS : USED_OF_LATE_MS)) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
