import type { WorkerDescription } from "../database/calls/workers.ts";
import type { SchemaNames } from "../database/schemaNames.ts";

/** What a pulse thread is started with. */
export interface PulseSettings {
  /** Default: libpq's environment variables. */
  readonly connectionString: string | undefined;
  readonly schemas: SchemaNames;
  readonly description: WorkerDescription;
  /** The number of a worker whose thread ended by itself. Default: it registers. */
  readonly workerId: number | undefined;
  readonly poolIds: readonly string[];
}

/** What the process tells its pulse thread. */
export type ToPulse =
  /** The pools that fetch for it; answered by `beaten` with the same number. */
  | { readonly kind: "pools"; readonly poolIds: readonly string[]; readonly number: number }
  /** Every claim was dropped after `buried`. */
  | { readonly kind: "revive" }
  | { readonly kind: "close" };

/** What the thread tells its process. */
export type FromPulse =
  | { readonly kind: "registered"; readonly workerId: number }
  /** It could not register and ends. `fields` are those of the error that a clone would lose. */
  | { readonly kind: "refused"; readonly message: string; readonly fields: Readonly<Record<string, unknown>> }
  | { readonly kind: "beaten"; readonly number: number }
  /** Others took this worker for dead; nothing of what it holds is its own any more. */
  | { readonly kind: "buried" }
  | { readonly kind: "rescued"; readonly deadId: number; readonly jobIds: readonly string[] };
