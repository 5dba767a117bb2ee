import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { LetGo } from "../engine/attempt.ts";
import { createHeldJobs } from "../engine/heldJobs.ts";
import { openSession } from "../engine/openSession.ts";
import { createQueuedJobs } from "../engine/queuedJobs.ts";
import { createEventHub } from "../telemetry/events.ts";
import { registeredVersion } from "../worker/definitions.ts";
import type { Logger } from "pino";
import type { Recorder } from "./recorder.ts";

/** What {@link openTestEngine} takes. */
export interface TestEngineOptions {
  readonly connectionString: string;
  readonly definitions: ReadonlyMap<string, AnyJobDefinition>;
  readonly recorder: Recorder;
  readonly log: Logger;
}

/** What a worker runs, without graphile-worker: whoever calls it is the wake-up. */
export interface TestEngine {
  /**
   * Runs a job as far as it goes now.
   * @returns whether it could be claimed.
   */
  run(jobId: string, identifier: string): Promise<boolean>;
  /** Aborts the handler of a job that this engine has lost, as a worker does at its next beat. */
  lose(jobId: string): void;
  /** Dies in the middle of what it does: what is not written yet stays unwritten, and its jobs are free for the next worker. */
  crash(): void;
  readonly hasCrashed: () => boolean;
  /** Aborts what runs and closes every connection. Safe twice. */
  close(): Promise<void>;
}

/** Opens a worker's engine on a migrated database. */
export async function openTestEngine({
  connectionString,
  definitions,
  recorder,
  log,
}: TestEngineOptions): Promise<TestEngine> {
  const events = createEventHub((error) => {
    throw error;
  });
  recorder.listen(events);
  const claimed = new Set<string>();
  events.on("job.claimed", ({ jobId }) => {
    claimed.add(jobId);
  });
  const held = createHeldJobs();
  const session = await openSession({
    connectionString,
    log,
    events,
    // A bench runs one job at a time.
    concurrency: 1,
    knownVersions: [...definitions].map(([identifier, definition]) => registeredVersion(identifier, definition)),
    held,
    // Nobody else looks at this database.
    hasPulse: false,
  });
  const jobs = createQueuedJobs({
    session: () => session,
    held,
    findDefinition: (identifier, version) => {
      const definition = definitions.get(identifier);
      return definition !== undefined && registeredVersion(identifier, definition) === version ? definition : undefined;
    },
  });
  let hasCrashed = false;

  return {
    async run(jobId, identifier) {
      claimed.delete(jobId);
      try {
        await jobs.run(jobId, identifier);
      } catch (error) {
        // A lost claim ends a wake-up with an error, so that graphile-worker keeps the row; here there is none.
        if (!hasCrashed && !(error instanceof LetGo)) {
          throw error;
        }
      }
      return claimed.has(jobId);
    },
    lose(jobId) {
      held.lose(held.claims().filter((claim) => claim.jobId === jobId));
    },
    crash() {
      hasCrashed = true;
      void session.close();
    },
    hasCrashed: () => hasCrashed,
    async close() {
      jobs.abort();
      await jobs.drain();
      await session.close();
    },
  };
}
