import type pg from "pg";
import type { Logger } from "pino";
import type { SchemaNames } from "../database/schemaNames.ts";
import type { EventHub } from "../telemetry/events.ts";
import type { CheckpointWriter } from "./checkpointWriter.ts";
import type { Claimer } from "./claimer.ts";
import type { SuspectPlace } from "./suspects.ts";
import type { Turns } from "./turns.ts";

/** What every part of the engine shares in one process. */
export interface EngineSession {
  /** Number of this worker in `ratchet.workers`. */
  readonly workerId: number;
  /** Connections of the engine's own calls. */
  readonly pool: pg.Pool;
  /** Connections that transaction tasks hold while they run. */
  readonly transactionPool: pg.Pool;
  /** As many as it has connections. */
  readonly transactionTurns: Turns;
  /** What `pool` puts into SQL; a client of `transactionPool` does so within `inSchemas` only. */
  readonly schemas: SchemaNames;
  readonly writer: CheckpointWriter;
  readonly claimer: Claimer;
  readonly suspects: SuspectPlace;
  readonly events: EventHub;
  /** Parent of the handlers' logs. */
  readonly log: Logger;
  readonly largestResultBytes: number;
  /** Is told the jobs that this process has changed. */
  readonly onWritten: (jobIds: readonly string[]) => void;
  /** Aborted when no call shall be repeated any more. */
  readonly closing: AbortSignal;
}
