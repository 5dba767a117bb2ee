import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import type { DatabaseLog } from "../log.ts";
import { birthOf, isAlive } from "./processes.ts";
import { codeOf } from "./systemErrors.ts";

// A start takes under a second; recovery after a crash of a big database is what this leaves room for.
const GIVE_UP_AFTER_MS = 180_000;
const POLL_MS = 20;
const TELL_AFTER_MS = 1_000;

/** Locks that this process holds: a lock file with our own id and no entry here was left by a predecessor. */
const heldHere = new Set<string>();

/**
 * Runs `work` while no other process runs its own under the same path. A lock whose holder died is taken over.
 * Two that take over the same dead lock at once may, very rarely, both get in; what is guarded here survives that, because
 * Postgres itself lets one server only use a data folder, and a finished cluster is moved in place by one rename.
 */
export async function withLockFile<Result>(
  path: string,
  log: DatabaseLog,
  work: () => Promise<Result>,
): Promise<Result> {
  await acquire(path, log);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
    heldHere.delete(path);
  }
}

/** Waits for the lock and enters it into `heldHere`, in the same turn in which its file appears. */
async function acquire(path: string, log: DatabaseLog): Promise<void> {
  const startedAtMs = Date.now();
  let told = false;
  while (!tryAcquire(path)) {
    const holder = readHolder(path);
    if (holder !== null && isStale(path, holder)) {
      removeStale(path, holder);
      continue;
    }
    const waitedMs = Date.now() - startedAtMs;
    if (waitedMs > GIVE_UP_AFTER_MS) {
      throw new Error(
        `Process ${holder?.split(" ")[0]} has held ${path} for more than ${GIVE_UP_AFTER_MS / 1_000} s. ` +
          "If that is no Ratchet process, remove the file and start again.",
      );
    }
    if (!told && waitedMs > TELL_AFTER_MS) {
      told = true;
      log.info({ lockFile: path, holder }, "waiting for another process that starts or stops the embedded Postgres");
    }
    await delay(POLL_MS);
  }
}

/** The file appears with its content or not at all: a link to a file written before. */
function tryAcquire(path: string): boolean {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${process.pid} ${birthOf(process.pid)}`);
  try {
    linkSync(draft, path);
    heldHere.add(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readHolder(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return null;
    }
    throw error;
  }
}

function isStale(path: string, holder: string): boolean {
  const [pidText = "", birth = ""] = holder.split(" ");
  const pid = Number(pidText);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid) || birthOf(pid) !== birth) {
    return true;
  }
  return pid === process.pid && !heldHere.has(path);
}

function removeStale(path: string, holder: string): void {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, "utf8") !== holder) {
      // Somebody took the lock over between our look and our rename: it is theirs.
      linkSync(aside, path);
    }
  } catch (error) {
    if (!["ENOENT", "EEXIST"].includes(codeOf(error))) {
      throw error;
    }
  } finally {
    rmSync(aside, { force: true });
  }
}
