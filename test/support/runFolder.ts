import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { readPostmaster } from "../../src/database/embedded/postmaster.ts";
import { birthOf, isAlive } from "../../src/database/embedded/processes.ts";
import { codeOf } from "../../src/database/embedded/systemErrors.ts";

const PREFIX = "ratchet-test-";
const END_WITHIN_MS = 5_000;
const POLL_MS = 10;
const ROOM_WANTED_BYTES = 2 * 1024 ** 3;

/** Makes the folder that everything a run writes goes into, after removing those of runs that were killed. */
export function createRunFolder(): string {
  const parent = roomiestParent();
  for (const name of readdirSync(parent)) {
    const owner = /^ratchet-test-(?<pid>\d+)-(?<birth>\d*)$/v.exec(name)?.groups;
    const pid = Number(owner?.["pid"]);
    if (owner === undefined || (isAlive(pid) && birthOf(pid) === owner["birth"])) {
      continue;
    }
    try {
      removeRunFolder(path.join(parent, name));
    } catch (error) {
      // Another user's: theirs to remove.
      if (!["EACCES", "EPERM"].includes(codeOf(error))) {
        throw error;
      }
    }
  }
  const folder = path.join(parent, `${PREFIX}${process.pid}-${birthOf(process.pid)}`);
  mkdirSync(folder, { mode: 0o755 });
  return folder;
}

/**
 * Ends the Postgres servers whose data is in the folder, and removes it. Safe to call twice. Synchronous, because at a
 * signal Vitest leaves us the moment of the exit event only.
 */
export function removeRunFolder(folder: string): void {
  if (!existsSync(folder)) {
    return;
  }
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (path.basename(entry) === "postmaster.pid") {
      endServer(path.join(folder, path.dirname(entry)));
    }
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function endServer(dataDirectory: string): void {
  const pid = readPostmaster(dataDirectory)?.pid;
  if (pid === undefined) {
    return;
  }
  // At once: nobody wants its data any more.
  process.kill(pid, "SIGQUIT");
  const deadlineMs = Date.now() + END_WITHIN_MS;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (isAlive(pid) && Date.now() < deadlineMs) {
    Atomics.wait(clock, 0, 0, POLL_MS);
  }
}

/** In memory if there is room: cloning a database takes 10 to 25 ms there, 220 to 310 ms on a disk. */
function roomiestParent(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > ROOM_WANTED_BYTES ? "/dev/shm" : tmpdir();
  } catch {
    return tmpdir();
  }
}
