import { readFileSync, realpathSync, rmSync } from "node:fs";
import path from "node:path";

import { isAlive, programOf } from "./processes.ts";
import { codeOf } from "./systemErrors.ts";

/** What a running Postgres says about itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** `starting`, `stopping`, `ready` or `standby`; "" in the first moments. */
  readonly status: string;
}

/**
 * The Postgres that runs on `dataDirectory`, or null. A file left by a server that is dead, or whose process id belongs to
 * another program by now, counts as nothing; with `discardStale` it is removed, since Postgres itself would refuse to start
 * beside a living process of that id.
 */
export function readPostmaster(dataDirectory: string, { discardStale = false } = {}): Postmaster | null {
  const file = path.join(dataDirectory, "postmaster.pid");
  let lines: string[];
  try {
    lines = readFileSync(file, "utf8").split("\n");
  } catch (error) {
    if (codeOf(error) === "ENOENT") {
      return null;
    }
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) {
    return null;
  }
  if (
    isSameFolder(lines[1] ?? "", dataDirectory) &&
    isAlive(pid) &&
    (programOf(pid) ?? "postgres").includes("postgres")
  ) {
    return { pid, port: Number(lines[3]), status: (lines[7] ?? "").trim() };
  }
  if (discardStale) {
    rmSync(file, { force: true });
  }
  return null;
}

function isSameFolder(written: string, dataDirectory: string): boolean {
  try {
    return realpathSync(written) === realpathSync(dataDirectory);
  } catch {
    return false;
  }
}
