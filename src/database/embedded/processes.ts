import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { codeOf } from "./systemErrors.ts";

/** Whether a process with this id runs. A zombie (its parent has not fetched its status) counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to someone else.
    return codeOf(error) === "EPERM";
  }
  // In a container whose first process never reaps, a stopped Postgres stays a zombie for ever.
  return statusFields(pid)?.[0] !== "Z";
}

/**
 * A text that differs between two processes that had the same id one after the other, "" where the platform offers none.
 * In containers ids repeat: every start can have id 7.
 */
export function birthOf(pid: number): string {
  return statusFields(pid)?.[19] ?? "";
}

/** The program's name of a running process as far as the platform tells, otherwise null. */
export function programOf(pid: number): string | null {
  try {
    if (process.platform === "linux") {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    }
    if (process.platform === "win32") {
      return null;
    }
    return execFileSync("/bin/ps", ["-p", String(pid), "-o", "comm="], { encoding: "utf8" }).trim();
  } catch {
    return null;
  }
}

/** The fields of /proc/<pid>/stat behind the program's name, which may itself hold blanks and brackets. */
function statusFields(pid: number): string[] | null {
  if (process.platform !== "linux") {
    return null;
  }
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
