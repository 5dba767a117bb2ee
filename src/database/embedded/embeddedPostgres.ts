import { existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { type DatabaseLog, silentLog } from "../log.ts";
import { findNativeFolder, prepareBinaries, type PostgresBinaries } from "./binaries.ts";
import { clusterFiles, initialiseCluster, startPostgres, stopPostgres, waitUntilSettled } from "./cluster.ts";
import { withLockFile } from "./lockFile.ts";
import { type Placement, placementOf, preparePlacement } from "./placement.ts";
import { readPostmaster } from "./postmaster.ts";
import { answersFor, countOthers, embeddedUrl, ensureDatabase, holdPresence, type SessionTarget } from "./sessions.ts";
import { codeOf } from "./systemErrors.ts";

// A pool that was closed a moment ago leaves backends that are still on their way out.
const OTHERS_LEAVE_WITHIN_MS = 500;
const OTHERS_POLL_MS = 20;

/** What {@link startEmbeddedPostgres} takes. */
export interface EmbeddedPostgresOptions {
  /** Where data, password and log are kept, e.g. `<project>/.ratchet`. For root they are below `parentForRoot` instead. */
  readonly dataFolder: string;
  /** Listens on this port of 127.0.0.1 and no other. Default: a free one below 32768, the same each time if possible. */
  readonly port?: number | undefined;
  /** Settings of the server (`{ fsync: "off" }` in tests). Default: Postgres's own, so commits are durable. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Default: nothing is logged. */
  readonly log?: DatabaseLog | undefined;
  /** Where the folders of Postgres servers started by root go, since Postgres itself then runs as another user. Default `/var/tmp`. */
  readonly parentForRoot?: string | undefined;
}

/** An embedded Postgres in use by this process. */
export interface EmbeddedPostgres {
  /** Connection string of the database `ratchet`, with the password of the superuser. */
  readonly url: string;
  /** True if it was running already: another process uses it, or one that used it was killed. */
  readonly adopted: boolean;
  /** Where its files really are. */
  readonly dataFolder: string;
  /**
   * Ends our use, after the caller has closed its own connections. The server stops if nobody else is connected, and else
   * goes on for them. Safe to call twice.
   */
  stop(): Promise<void>;
}

/**
 * Starts Postgres 18 on `dataFolder`, after initdb the first time (together about 0.6 s, later starts below 0.1 s), or joins
 * the one that runs there already. It survives our death by SIGKILL; the next start joins it.
 *
 * Throws RT104 if `port` is taken, RT105 if the folder cannot be written, RT109 if the Postgres binaries are not installed.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? silentLog;
  const placement = placementOf(options.dataFolder, options.parentForRoot);
  const files = clusterFiles(placement.folder);
  let prepared: PostgresBinaries | undefined;
  const binaries = (): PostgresBinaries => {
    prepared ??= prepareBinaries(findNativeFolder(path.dirname(options.dataFolder)), placement.folder, placement.owner !== null);
    return prepared;
  };

  preparePlacement(placement);
  const { target, adopted, presence } = await withLockFile(files.lock, log, async () => {
    const running = existsSync(files.data) ? await joinable(placement) : null;
    const target = running ?? (await startNew(placement, binaries, options, log));
    await ensureDatabase(target);
    // Still under the lock: whoever stops the server counts those present under it too.
    return { target, adopted: running !== null, presence: await holdPresence(target) };
  });
  log.info({ port: target.port, adopted, dataFolder: placement.folder }, "embedded Postgres is ready");

  let stopping: Promise<void> | undefined;
  return {
    url: embeddedUrl(target),
    adopted,
    dataFolder: placement.folder,
    stop() {
      stopping ??= presence.release().then(() => withLockFile(files.lock, log, () => stopIfUnused(placement, binaries, log)));
      return stopping;
    },
  };
}

async function startNew(
  placement: Placement,
  binaries: () => PostgresBinaries,
  { port, settings = {} }: EmbeddedPostgresOptions,
  log: DatabaseLog,
): Promise<SessionTarget> {
  await initialiseCluster(placement, binaries);
  const started = await startPostgres(placement, binaries(), { port, settings, log });
  const files = clusterFiles(placement.folder);
  const target =
    started === null ? await joinable(placement) : { port: started.port, password: readPassword(files.password) };
  if (target === null) {
    throw new Error(`Another process started a Postgres on ${files.data} and stopped it again. Its log: ${files.log}`);
  }
  return target;
}

/** The connection string of the embedded Postgres that runs on `dataFolder`, or null. Starts and changes nothing. */
export async function findRunningEmbeddedPostgres(
  dataFolder: string,
  { parentForRoot }: { parentForRoot?: string } = {},
): Promise<{ url: string } | null> {
  const placement = placementOf(dataFolder, parentForRoot);
  const { data, password } = clusterFiles(placement.folder);
  const postmaster = existsSync(data) ? readPostmaster(data) : null;
  if (postmaster?.status !== "ready") {
    return null;
  }
  const target = { port: postmaster.port, password: readPassword(password) };
  return (await answersFor(target, realpathSync(data))) ? { url: embeddedUrl(target) } : null;
}

/** The server that runs on our data, or null, in which case none is left that could hinder a start. */
async function joinable(placement: Placement): Promise<SessionTarget | null> {
  const files = clusterFiles(placement.folder);
  readPostmaster(files.data, { discardStale: true });
  const postmaster = await waitUntilSettled(files.data);
  if (postmaster === null) {
    return null;
  }
  const target = { port: postmaster.port, password: readPassword(files.password) };
  if (!(await answersFor(target, realpathSync(files.data)))) {
    throw new Error(
      `A Postgres (process ${postmaster.pid}, port ${postmaster.port}) runs on ${files.data}, but does not accept the password in ${files.password}. ` +
        `Stop that process, or restore the password file. Its log: ${files.log}`,
    );
  }
  return target;
}

async function stopIfUnused(placement: Placement, binaries: () => PostgresBinaries, log: DatabaseLog): Promise<void> {
  const files = clusterFiles(placement.folder);
  const postmaster = existsSync(files.data) ? readPostmaster(files.data) : null;
  if (postmaster === null) {
    return;
  }
  if (await isInUse({ port: postmaster.port, password: readPassword(files.password) })) {
    log.info({ port: postmaster.port }, "embedded Postgres stays up: others are connected");
    return;
  }
  await stopPostgres(placement, binaries, postmaster.pid);
  log.info({ port: postmaster.port }, "embedded Postgres has stopped");
}

async function isInUse(target: SessionTarget): Promise<boolean> {
  const deadlineMs = Date.now() + OTHERS_LEAVE_WITHIN_MS;
  try {
    for (;;) {
      const { holders, rest } = await countOthers(target);
      if (holders === 0 && rest === 0) {
        return false;
      }
      if (holders > 0 || Date.now() > deadlineMs) {
        return true;
      }
      await delay(OTHERS_POLL_MS);
    }
  } catch (error) {
    // "Too many clients": others are there indeed. Any other refusal means that it is going down or broken.
    return codeOf(error) === "53300";
  }
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Error(
      `The password of the embedded Postgres cannot be read from ${file}. Restore the file, or remove the folder ${path.dirname(file)} with all data to begin anew.`,
      { cause: error },
    );
  }
}
