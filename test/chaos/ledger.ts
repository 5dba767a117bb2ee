import { closeSync, fstatSync, openSync, readSync, readdirSync } from "node:fs";
import { join } from "node:path";

import type { LedgerEntry, LedgerLine } from "./ledgerFile.ts";

/** The notes of all processes, read while they write. */
export interface Ledger {
  /** Everything noted so far, each process's in its order. */
  readonly entries: readonly LedgerEntry[];
  /** Reads what was noted since. */
  refresh(): void;
  /** Handlers that a process has begun and not ended, as far as is known; none of a process that is gone. */
  running(process: string): readonly LedgerEntry[];
  /** Processes whose handlers run nowhere any more. */
  bury(process: string): void;
}

interface OpenFile {
  readonly process: string;
  readonly descriptor: number;
  offset: number;
  rest: string;
}

/** Reads the ledgers in a folder. */
export function openLedger(folder: string): Ledger & { close(): void } {
  const files = new Map<string, OpenFile>();
  const entries: LedgerEntry[] = [];
  const running = new Map<string, Map<string, LedgerEntry>>();
  const buried = new Set<string>();

  function refresh(): void {
    for (const name of readdirSync(folder)) {
      if (name.endsWith(".jsonl") && !files.has(name)) {
        const descriptor = openSync(join(folder, name), "r");
        files.set(name, { process: name.replace(/\.jsonl$/v, ""), descriptor, offset: 0, rest: "" });
      }
    }
    for (const file of files.values()) {
      readOn(file);
    }
  }

  function readOn(file: OpenFile): void {
    const { size } = fstatSync(file.descriptor);
    if (size <= file.offset) {
      return;
    }
    const bytes = Buffer.alloc(size - file.offset);
    file.offset += readSync(file.descriptor, bytes, 0, bytes.length, file.offset);
    const lines = (file.rest + bytes.toString("utf8")).split("\n");
    file.rest = lines.pop() ?? "";
    for (const line of lines) {
      const [atMs, event, jobId, position, fence, detail] = JSON.parse(line) as LedgerLine;
      take({ atMs, process: file.process, event, jobId, position, fence, detail });
    }
  }

  function take(entry: LedgerEntry): void {
    entries.push(entry);
    const ofProcess = running.get(entry.process) ?? new Map<string, LedgerEntry>();
    running.set(entry.process, ofProcess);
    const key = `${entry.jobId} ${entry.position} ${entry.fence}`;
    if (entry.event === "start") {
      ofProcess.set(key, entry);
    } else if (entry.event === "end" || entry.event === "throw" || entry.event === "abort") {
      ofProcess.delete(key);
    }
  }

  return {
    entries,
    refresh,
    running: (process) => (buried.has(process) ? [] : [...(running.get(process)?.values() ?? [])]),
    bury(process) {
      buried.add(process);
    },
    close() {
      for (const { descriptor } of files.values()) {
        closeSync(descriptor);
      }
    },
  };
}
