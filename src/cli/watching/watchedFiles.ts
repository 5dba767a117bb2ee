import { readdir, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** Endings of what task files are and import; an editor's swap files have others. */
const ENDINGS = new Set([".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".json"]);

// Asked for again and again rather than told by the system: nothing is missed when an editor replaces a file, on a mounted
// folder or in a container, and a few dozen stat calls cost nothing.
const POLL_MS = 200;

/** In place of a stamp that is on its way. */
const BEING_LOOKED_AT = "";

/** The files of a folder, and others that are added, with how they stood when they were first looked at. */
export interface WatchedFiles {
  /** Watches a file outside the folder too, which need not exist. */
  add(file: string): Promise<void>;
  /**
   * Resolves with the path of a file that is new, gone or written since it was first looked at, once nothing has changed
   * any more for 0.2 s; undefined if `signal` is aborted before.
   */
  changed(signal: AbortSignal): Promise<string | undefined>;
}

/** Looks at `folder` as it is now; it need not exist. */
export async function watchFiles(folder: string): Promise<WatchedFiles> {
  const added = new Map<string, string>();
  const inFolder = await stampsOf(await filesIn(folder));
  const look = async () => new Map([...(await stampsOf(await filesIn(folder))), ...(await stampsOf(added.keys()))]);

  return {
    async add(file) {
      if (!added.has(file) && !inFolder.has(file)) {
        // Before anything is awaited: the file is being loaded.
        added.set(file, BEING_LOOKED_AT);
        added.set(file, await stampOf(file));
      }
    },
    async changed(signal) {
      let latest: string | undefined;
      for (;;) {
        const now = await look();
        const change = firstDifference(new Map([...inFolder, ...added]), now);
        const picture = JSON.stringify([...now]);
        if (signal.aborted || (change !== undefined && picture === latest)) {
          return signal.aborted ? undefined : change;
        }
        latest = picture;
        await delay(POLL_MS, undefined, { signal }).catch(() => {});
      }
    },
  };
}

function firstDifference(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string | undefined {
  return [...before.keys(), ...now.keys()].find(
    (file) => before.get(file) !== BEING_LOOKED_AT && before.get(file) !== now.get(file),
  );
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && ENDINGS.has(extname(entry.name)))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // It is being renamed, or not there yet.
    return [];
  }
}

async function stampsOf(files: Iterable<string>): Promise<Map<string, string>> {
  return new Map(await Promise.all([...files].map(async (file) => [file, await stampOf(file)] as const)));
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return "absent";
  }
}
