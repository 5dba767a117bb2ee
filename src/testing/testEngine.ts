import type { AnyJobDefinition } from "../definition/jobDefinition.ts";
import { LetGo } from "../engine/attempt.ts";
import { type OpenSession, openSession } from "../engine/openSession.ts";
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
  // oxlint-disable-next-line eslint/prefer-const -- Each of the two asks the other.
  let session: OpenSession | undefined;
  const jobs = createQueuedJobs({
    session: () => {
      if (session === undefined) {
        throw new Error("The engine is not open yet.");
      }
      return session;
    },
    findDefinition: (identifier, version) => {
      const definition = definitions.get(identifier);
      return definition !== undefined && registeredVersion(identifier, definition) === version ? definition : undefined;
    },
  });
  session = await openSession({
    connectionString,
    log,
    events,
    // A bench runs one job at a time.
    concurrency: 1,
    lanes: 1,
    knownVersions: [...definitions].map(([identifier, definition]) => registeredVersion(identifier, definition)),
    isRunning: (jobId) => jobs.isRunning(jobId),
    claims: () => jobs.claims(),
    lose: (claims) => {
      jobs.lose(claims);
    },
    // Nobody else looks at this database.
    isAlive: false,
  });
  const opened = session;
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
      jobs.lose(jobs.claims().filter((claim) => claim.jobId === jobId));
    },
    crash() {
      hasCrashed = true;
      void opened.close();
    },
    hasCrashed: () => hasCrashed,
    async close() {
      jobs.abort();
      await jobs.drain();
      await opened.close();
    },
  };
}
