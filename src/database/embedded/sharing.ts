import { existsSync, realpathSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import type { DatabaseLog } from "../log.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { clusterFiles, initialiseCluster, readPassword } from "./cluster.ts";
import type { Placement } from "./placement.ts";
import { readPostmaster } from "./postmaster.ts";
import { type ServerOptions, startPostgres, stopPostgres, waitUntilSettled } from "./server.ts";
import { answersFor, countOthers, type SessionTarget } from "./sessions.ts";
import { codeOf } from "./systemErrors.ts";

// A pool that was closed a moment ago leaves backends that are still on their way out.
const OTHERS_LEAVE_WITHIN_MS = 500;
const OTHERS_POLL_MS = 20;

/** Runs initdb if needed and starts the server. Call it under the lock, when none runs. */
export async function startNew(
  placement: Placement,
  binaries: () => PostgresBinaries,
  options: ServerOptions,
): Promise<SessionTarget> {
  await initialiseCluster(placement, binaries);
  const started = await startPostgres(placement, binaries(), options);
  const files = clusterFiles(placement.folder);
  const target =
    started === null ? await joinRunning(placement) : { port: started.port, password: readPassword(files.password) };
  if (target === null) {
    throw new Error(`Another process started a Postgres on ${files.data} and stopped it again. Its log: ${files.log}`);
  }
  return target;
}

/** The server that runs on our data, or null, in which case none is left that could hinder a start. */
export async function joinRunning(placement: Placement): Promise<SessionTarget | null> {
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

/** Stops the server unless others are connected. Call it under the lock. */
export async function stopIfUnused(
  placement: Placement,
  binaries: () => PostgresBinaries,
  log: DatabaseLog,
): Promise<void> {
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
