import { randomBytes, randomUUID } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

import type { PostgresBinaries } from "./binaries.ts";
import type { Placement } from "./placement.ts";
import { runToEnd } from "./programs.ts";
import { codeOf } from "./systemErrors.ts";

const INITDB_ARGUMENTS = [
  "--username=postgres",
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--locale=C",
  "--no-sync",
  "--no-instructions",
];

/** The files of one embedded Postgres. */
export interface ClusterFiles {
  /** Holds data and password; moved in place whole, so it exists only if initdb came to its end. */
  readonly cluster: string;
  readonly data: string;
  /** The superuser's password, readable by its owner only. */
  readonly password: string;
  readonly log: string;
  readonly lock: string;
}

/** Says where the files of the cluster in `folder` are. */
export function clusterFiles(folder: string): ClusterFiles {
  const cluster = path.join(folder, "postgres");
  return {
    cluster,
    data: path.join(cluster, "data"),
    password: path.join(cluster, "password"),
    log: path.join(folder, "postgres.log"),
    lock: path.join(folder, "postgres.lock"),
  };
}

/** Runs initdb unless it has been done. Call it under the lock. */
export async function initialiseCluster(placement: Placement, binaries: () => PostgresBinaries): Promise<void> {
  const files = clusterFiles(placement.folder);
  removeDrafts(placement.folder);
  if (existsSync(files.cluster)) {
    return;
  }
  const draft = path.join(placement.folder, `initdb-${randomUUID()}`);
  const data = path.join(draft, "data");
  const password = path.join(draft, "password");
  mkdirSync(data, { recursive: true });
  // Whatever our umask is, the owner of the data has to pass through.
  chmodSync(draft, 0o755);
  writeFileSync(password, randomBytes(24).toString("hex"), { mode: 0o600 });
  if (placement.owner !== null) {
    chownSync(data, placement.owner.uid, placement.owner.gid);
    chownSync(password, placement.owner.uid, placement.owner.gid);
  }
  await runToEnd(binaries().initdb, [...INITDB_ARGUMENTS, `--pwfile=${password}`, `--pgdata=${data}`], placement);
  if (placement.owner !== null) {
    chownSync(password, 0, 0);
  }
  try {
    renameSync(draft, files.cluster);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) {
      throw error;
    }
    // Another process has finished in the meantime (the lock leaves that open): its cluster counts.
    rmSync(draft, { recursive: true, force: true });
  }
}

/** What a crash in the middle of initdb or of a copy has left. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith("initdb-") || name.startsWith("binaries-draft-")) {
      // An initdb that outlived our predecessor may still be writing: then what remains goes at the next start.
      try {
        rmSync(path.join(folder, name), { recursive: true, force: true, maxRetries: 3 });
      } catch {
        continue;
      }
    }
  }
}

/** The superuser's password. Throws with the way out if its file is gone. */
export function readPassword(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Error(
      `The password of the embedded Postgres cannot be read from ${file}. Restore the file, or remove the folder ${path.dirname(file)} with all data to begin anew.`,
      { cause: error },
    );
  }
}
