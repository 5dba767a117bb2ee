import { closeSync, openSync, writeSync } from "node:fs";

/**
 * What a process of the run notes, outside of Ratchet and of Postgres.
 * - `worker`: it is worker `detail`; `start`, `end`: a handler begins and returns; `throw`: it throws as its plan says;
 *   `abort`: its signal is aborted; `poison`: it kills its process now
 * - `accepted`, `failed`: Ratchet says that the end, or the failure, is durable; `lost`: that the claim is; `rescued`: that
 *   worker `detail` was rescued; `buried`: that this worker was taken for dead
 * - `troubled`: Postgres does not answer; `crash`: something threw where nobody catches
 */
export type LedgerEvent =
  | "worker"
  | "start"
  | "end"
  | "throw"
  | "abort"
  | "poison"
  | "accepted"
  | "failed"
  | "lost"
  | "rescued"
  | "buried"
  | "troubled"
  | "crash";

/** One note. */
export interface LedgerEntry {
  /** Milliseconds since 1970, of this machine's clock. */
  readonly atMs: number;
  /** The process that wrote it, `<slot>-<generation>`. */
  readonly process: string;
  readonly event: LedgerEvent;
  /** `""` where no job is concerned. */
  readonly jobId: string;
  readonly position: number;
  /** Of the claim under which the handler runs. */
  readonly fence: number;
  readonly detail: string;
}

/** A line of a ledger, without the process. */
export type LedgerLine = [number, LedgerEvent, string, number, number, string];

/** Where one process notes what it does. */
export interface LedgerFile {
  note(event: LedgerEvent, of?: { jobId: string; position?: number; fence?: number }, detail?: string): void;
  close(): void;
}

/** Each line is handed to the system before `note` returns: it outlives a SIGKILL of the process. */
export function openLedgerFile(file: string): LedgerFile {
  const descriptor = openSync(file, "a");
  return {
    note(event, of, detail = "") {
      const line: LedgerLine = [Date.now(), event, of?.jobId ?? "", of?.position ?? 0, of?.fence ?? 0, detail];
      writeSync(descriptor, `${JSON.stringify(line)}\n`);
    },
    close: () => {
      closeSync(descriptor);
    },
  };
}
