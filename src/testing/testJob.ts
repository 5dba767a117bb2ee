import type { Queryable } from "../database/calls/queryable.ts";
import type { AnyJobDefinition, PayloadInput } from "../definition/jobDefinition.ts";
import type { TestBenchOptions } from "./benchDatabase.ts";
import { type AddToBenchOptions, createTestBench } from "./testBench.ts";
import type { TestedJob } from "./testedJob.ts";

/** What {@link testJob} takes beside definition and payload. */
export interface TestJobOptions<Definition extends AnyJobDefinition, Inspected = undefined>
  extends
    Omit<AddToBenchOptions<Definition>, "jobKey" | "runAt">,
    Pick<TestBenchOptions<never>, "setUp" | "databaseUrl"> {
  /** What `job.identifier` is. Default: the definition's, or `tested_job`. */
  readonly identifier?: string | undefined;
  /** Looks into the database when the job has ended, before it is dropped; what it returns is `inspected`. */
  readonly inspect?: ((client: Queryable) => Promise<Inspected>) | undefined;
  /** Ends the test early, such as the `signal` that a test runner gives; then `testJob` rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A job that has ended for good. */
export interface FinishedTestJob<Definition extends AnyJobDefinition, Inspected> extends TestedJob<Definition> {
  /** What `inspect` returned. */
  readonly inspected: Inspected;
}

/**
 * Runs one job of a definition to its end through the real engine, in a database of its own that is dropped afterwards. Nothing
 * waits: after a failure the clock is set forward to the next try.
 * @example
 * const job = await testJob(publishListing, payload, { failOnce: ["upload[2]"] });
 * expect(job.status).toBe("COMPLETED");
 * expect(job.calls.map((call) => call.task)).toEqual(["validate", "upload[1]", "upload[2]", "upload[2]", "create"]);
 * @throws {RatchetError} what `ratchet.add_job` throws, RT109 if there is no Postgres to be had, RT110 for a key that the plan
 * has not, RT112 for a definition without tasks, RT129 if the job never ends.
 */
export async function testJob<Definition extends AnyJobDefinition, Inspected = undefined>(
  definition: Definition,
  payload: PayloadInput<Definition>,
  options: TestJobOptions<Definition, Inspected> = {},
): Promise<FinishedTestJob<Definition, Inspected>> {
  const {
    identifier = definition.options.identifier ?? "tested_job",
    setUp,
    databaseUrl,
    inspect,
    signal,
    ...adding
  } = options;
  signal?.throwIfAborted();
  const bench = await createTestBench<Readonly<Record<string, Definition>>>({
    definitions: { [identifier]: definition },
    setUp,
    databaseUrl,
  });
  try {
    return await unlessAborted(signal, async () => {
      const added = await bench.add(identifier, payload, adding);
      const job = await bench.finish(added);
      return { ...job, inspected: (await inspect?.(bench.pool)) as Inspected };
    });
  } finally {
    await bench.close();
  }
}

async function unlessAborted<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
  if (signal === undefined) {
    return work();
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const working = work();
  // When it is aborted, what the work says about its closed connections is of no interest.
  working.catch(() => {});
  try {
    return await Promise.race([working, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
