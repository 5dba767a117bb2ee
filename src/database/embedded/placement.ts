import { createHash } from "node:crypto";
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";

import { RatchetError } from "../../errors/ratchetError.ts";
import { codeOf, isWriteRefused } from "./systemErrors.ts";

/** Where an embedded Postgres keeps its files, and who runs it. */
export interface Placement {
  /** Holds the cluster, the log, the lock and, where needed, a copy of the programs. Absolute, links resolved. */
  readonly folder: string;
  /** Set when we are root, as whom Postgres refuses to run. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Says where the Postgres of `dataFolder` lives. Normally there; for root under
 * `<parentForRoot>/ratchet-<hash of the path>`, because the user who runs Postgres then may be locked out of the project.
 */
export function placementOf(dataFolder: string, parentForRoot = "/var/tmp"): Placement {
  const wanted = resolveLinks(path.resolve(dataFolder));
  if (process.getuid?.() !== 0) {
    return { folder: wanted, owner: null };
  }
  const hash = createHash("sha256").update(wanted).digest("hex").slice(0, 16);
  return { folder: path.join(resolveLinks(parentForRoot), `ratchet-${hash}`), owner: unprivilegedUser() };
}

/** Creates the folder. Throws RT105 if it cannot be written or, for root, if somebody else could have put it there. */
export function preparePlacement({ folder, owner }: Placement): void {
  try {
    // Never open to others, not for a moment: root's umask may be 0.
    mkdirSync(folder, { recursive: true, mode: owner === null ? 0o777 : 0o755 });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isWriteRefused(error) && codeOf(error) !== "EEXIST") {
      throw error;
    }
    throw new RatchetError("RT105", `The folder ${folder}, for the embedded Postgres, cannot be written.`, {
      detail: (error as Error).message,
      cause: error,
    });
  }
  if (owner !== null) {
    refuseForeignFolder(folder);
    // Whatever root's umask is, the owner of the cluster has to pass through.
    chmodSync(folder, 0o755);
  }
}

/** /var/tmp is open to all: a folder or link prepared there by another user would make root hand over files of theirs. */
function refuseForeignFolder(folder: string): void {
  const status = lstatSync(folder);
  if (!status.isDirectory() || status.uid !== 0 || (status.mode & 0o022) !== 0) {
    throw new RatchetError(
      "RT105",
      `The folder ${folder} was not made by root, or others may write to it, so the embedded Postgres will not use it.`,
      { hint: "Find out who made that folder, remove it, and start again." },
    );
  }
}

/** User postgres where there is one, otherwise nobody: initdb wants one that the system knows. */
function unprivilegedUser(): { uid: number; gid: number } {
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(":");
    const [uid, gid] = fields?.slice(2, 4) ?? [];
    if (uid !== undefined && gid !== undefined && Number(uid) !== 0) {
      // macOS writes nobody's ids as -2.
      return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 };
    }
  }
  throw new RatchetError("RT109", "Postgres refuses to run as root, and this system has no user postgres or nobody.", {
    hint: "Start Ratchet as another user than root, or set DATABASE_URL to a Postgres of your own.",
  });
}

/** Like realpath, for a path whose last parts may not exist yet. */
function resolveLinks(wanted: string): string {
  try {
    return realpathSync(wanted);
  } catch (error) {
    const parent = path.dirname(wanted);
    if (codeOf(error) !== "ENOENT" || parent === wanted) {
      return wanted;
    }
    return path.join(resolveLinks(parent), path.basename(wanted));
  }
}
