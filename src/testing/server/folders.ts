import { lstatSync, mkdirSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { threadId } from "node:worker_threads";
import { clusterFiles } from "../../database/embedded/cluster.ts";
import { readPostmaster } from "../../database/embedded/postmaster.ts";
import { birthOf, isAlive } from "../../database/embedded/processes.ts";
import { RatchetError } from "../../errors/ratchetError.ts";

const ROOM_WANTED_BYTES = 1024 ** 3;
const IS_ROOT = process.getuid?.() === 0;
const PREFIX = `ratchet-testing-${process.getuid?.() ?? "user"}`;

/**
 * The folder where what all test processes of this user share is kept: in the system's folder for temporary files. Nobody else
 * may write there, since the settings of a Postgres name programs that it runs.
 * @throws {RatchetError} RT105 if it is somebody else's.
 */
export function sharedFolder(): string {
  // As root Postgres runs as another user, to whom root's own TMPDIR may be closed.
  return ownFolder(path.join(IS_ROOT ? "/var/tmp" : tmpdir(), PREFIX));
}

/** Makes the folder of this process' own Postgres, after removing those of dead processes. In memory if there is room. */
export function createProcessFolder(): string {
  const parent = roomiestParent();
  removeFoldersOfTheDead(parent);
  return ownFolder(path.join(parent, `${PREFIX}-${process.pid}-${birthOf(process.pid)}-${threadId}`));
}

/** Ends the Postgres in a process' folder at once, since nobody wants its data any more, and removes the folder. */
export function removeProcessFolder(folder: string): void {
  const postmaster = readPostmaster(clusterFiles(folder).data);
  if (postmaster !== null) {
    process.kill(postmaster.pid, "SIGQUIT");
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

function ownFolder(folder: string): string {
  // Never open to others, not for a moment; the user whom root lets run Postgres has to pass through.
  mkdirSync(folder, { recursive: true, mode: IS_ROOT ? 0o755 : 0o700 });
  const status = lstatSync(folder);
  const isOurs = process.getuid === undefined || (status.uid === process.getuid() && (status.mode & 0o022) === 0);
  if (!status.isDirectory() || !isOurs) {
    throw new RatchetError(
      "RT105",
      `The folder ${folder} belongs to somebody else, or others may write to it, so no Postgres for tests is started there.`,
      { hint: "Find out who made that folder and remove it, or set RATCHET_TEST_DATABASE_URL." },
    );
  }
  return folder;
}

function removeFoldersOfTheDead(parent: string): void {
  for (const name of readdirSync(parent)) {
    const { pid, birth } = /-(?<pid>\d+)-(?<birth>\d*)-\d+$/v.exec(name)?.groups ?? {};
    if (
      !name.startsWith(`${PREFIX}-`) ||
      pid === undefined ||
      (isAlive(Number(pid)) && birthOf(Number(pid)) === birth)
    ) {
      continue;
    }
    try {
      removeProcessFolder(path.join(parent, name));
    } catch {
      // Another process is removing it at this moment, or will at its start.
    }
  }
}

/** Copying a database takes 10 ms in memory, 200 on a disk. */
function roomiestParent(): string {
  try {
    const { bavail, bsize } = statfsSync("/dev/shm");
    return bavail * bsize > ROOM_WANTED_BYTES ? "/dev/shm" : fallback();
  } catch {
    return fallback();
  }
}

function fallback(): string {
  return IS_ROOT ? "/var/tmp" : tmpdir();
}
