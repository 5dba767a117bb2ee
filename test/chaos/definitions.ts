import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { defineJob } from "../../src/definition/defineJob.ts";
import type { AnyJobDefinition } from "../../src/definition/jobDefinition.ts";
import type { TaskContext, TransactionContext } from "../../src/definition/taskContext.ts";
import type { LedgerFile } from "./ledgerFile.ts";
import { type Behaviour, type ChaosIdentifier, type ChaosPayload, TIME_OUT_OF_TIMED_MS } from "./plans.ts";

/** What {@link createDefinitions} takes. */
export interface DefinitionsOptions {
  readonly ledger: LedgerFile;
  /** Where tasks that kill their process count how often they have done so. */
  readonly poisonFolder: string;
  /** The fence of this process's claim on a job. */
  readonly fenceOf: (jobId: string) => number;
  /** Whether this process has the second version of `chaos_versioned`. */
  readonly isSecondVersion: boolean;
}

type Context = Pick<TaskContext<unknown, unknown, unknown>, "job" | "task" | "signal"> & Partial<TransactionContext>;

/** The definitions of a run: every handler notes its start and its end outside of Ratchet. */
export function createDefinitions({
  ledger,
  poisonFolder,
  fenceOf,
  isSecondVersion,
}: DefinitionsOptions): Readonly<Record<ChaosIdentifier, AnyJobDefinition>> {
  async function perform({ job, task, signal, client }: Context, behaviour: Behaviour): Promise<string> {
    const place = { jobId: job.id, position: task.position, fence: fenceOf(job.id) };
    ledger.note("start", place, behaviour.kind);
    signal.addEventListener("abort", () => {
      const { reason } = signal as { readonly reason?: unknown };
      ledger.note("abort", place, reason instanceof Error ? reason.message : String(reason));
    });
    if (client !== undefined) {
      await client.query("insert into chaos.effects (job_id, position, fence) values ($1, $2, $3)", [
        place.jobId,
        place.position,
        place.fence,
      ]);
    }
    await act(behaviour);
    ledger.note("end", place);
    return `${place.fence}`;

    async function act({ kind, ms }: Behaviour): Promise<void> {
      switch (kind) {
        case "plain":
        case "slow":
          await (ms === 0 ? undefined : sleep(ms, undefined, { signal }));
          break;
        case "deaf":
          await sleep(ms);
          break;
        case "block":
          blockFor(ms);
          break;
        case "fail":
          await sleep(ms, undefined, { signal });
          throwPlanned();
          break;
        case "late":
          await (behaviour.kind === "late" && task.attempt <= behaviour.times
            ? sleep(ms, undefined, { signal })
            : undefined);
          break;
        case "poison":
          await sleep(ms, undefined, { signal });
          killFirst();
          break;
      }
    }

    function throwPlanned(): void {
      if (behaviour.kind === "fail" && task.attempt <= behaviour.times) {
        ledger.note("throw", place);
        throw new Error("planned");
      }
    }

    function killFirst(): void {
      const file = join(poisonFolder, `${job.id}-${task.position}`);
      if (behaviour.kind === "poison" && timesIn(file) < behaviour.times) {
        appendFileSync(file, ".");
        ledger.note("poison", place);
        process.kill(process.pid, "SIGKILL");
      }
    }
  }

  const step = (context: Context & { readonly input: Behaviour }): Promise<string> => perform(context, context.input);
  const close = (context: Context): Promise<string> => perform(context, { kind: "plain", ms: 0 });
  const begin = () =>
    defineJob<PayloadSchema>({
      retry: { maxAttempts: 12, delay: "1 s" },
      retention: { completed: "forever", failed: "forever" },
    });
  const versioned = begin().forEach("step", "steps", step);
  return {
    chaos_steps: begin()
      .forEach("step", "steps", step)
      .forEach("write", "writes", { transaction: true }, step)
      .task("close", close),
    chaos_writes: begin()
      .forEach("write", "writes", { transaction: true }, step)
      .forEach("step", "steps", step)
      .forEach("timed", "timed", { timeout: `${TIME_OUT_OF_TIMED_MS} ms` }, step)
      .task("close", close),
    chaos_versioned: isSecondVersion
      ? versioned.task("extra", close).task("close", close)
      : versioned.task("close", close),
  };
}

type PayloadSchema = import("@standard-schema/spec").StandardSchemaV1<ChaosPayload, ChaosPayload>;

function timesIn(file: string): number {
  try {
    return readFileSync(file).length;
  } catch {
    return 0;
  }
}

/** Holds up everything in this process, as a long computation does. */
export function blockFor(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    // What a handler that computes for long does to its process.
  }
}
