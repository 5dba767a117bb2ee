import { describe, expect, test } from "vitest";

import { followJob, type JobSource } from "../../../src/cli/progress/followJob.ts";
import type { ProgressSnapshot } from "../../../src/cli/progress/snapshot.ts";
import { RatchetError } from "../../../src/errors/ratchetError.ts";
import { SAMPLE } from "./fixtures.ts";

/** A source that gives one state after another and can be told to announce a change. */
function scripted(states: readonly (ProgressSnapshot | Error)[]) {
  let index = 0;
  let wake = (): void => {};
  const events = {
    closed: 0,
    reads: 0,
    announce: () => {
      wake();
    },
  };
  const source: JobSource = {
    read: () => {
      events.reads++;
      const state = states[Math.min(index++, states.length - 1)];
      return state instanceof Error || state === undefined
        ? Promise.reject(state ?? new Error("empty"))
        : Promise.resolve(state);
    },
    subscribe: (listener) => {
      wake = listener;
      return {
        close: () => {
          events.closed++;
          return Promise.resolve();
        },
      };
    },
  };
  return { source, events };
}

const never = new AbortController().signal;
const quiet = (): void => {};

describe("followJob", () => {
  test("gives each state up to the final one and closes its subscription", async () => {
    const { source, events } = scripted([SAMPLE.queued, SAMPLE.failed, SAMPLE.completed]);
    const seen: string[] = [];
    for await (const snapshot of followJob(source, { signal: never, onTrouble: quiet, pollMs: 1 })) {
      seen.push(snapshot.status);
    }
    expect(seen).toStrictEqual(["PENDING", "FAILED", "COMPLETED"]);
    expect(events.closed).toBe(1);
  });

  test("does not take FAILED with a retry ahead for the end, and looks again when told to", async () => {
    const { source, events } = scripted([SAMPLE.failed, SAMPLE.completed]);
    const seen: string[] = [];
    for await (const snapshot of followJob(source, { signal: never, onTrouble: quiet, pollMs: 3_600_000 })) {
      seen.push(snapshot.status);
      events.announce();
    }
    expect(seen).toStrictEqual(["FAILED", "COMPLETED"]);
  });

  test("ends at once when interrupted, however long the poll", async () => {
    const { source, events } = scripted([SAMPLE.queued]);
    const controller = new AbortController();
    const seen: string[] = [];
    for await (const snapshot of followJob(source, {
      signal: controller.signal,
      onTrouble: quiet,
      pollMs: 3_600_000,
    })) {
      seen.push(snapshot.status);
      setImmediate(() => {
        controller.abort();
      });
    }
    expect([seen, events.closed, events.reads]).toStrictEqual([["PENDING"], 1, 1]);
  });

  test("waits for a database that is away, and says so once it is back", async () => {
    const away = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const { source } = scripted([SAMPLE.queued, away, away, SAMPLE.completed]);
    const trouble: (string | null)[] = [];
    const seen: string[] = [];
    const options = { signal: never, onTrouble: (message: string | null) => trouble.push(message), pollMs: 1 };
    for await (const snapshot of followJob(source, options)) {
      seen.push(snapshot.status);
    }
    expect(seen).toStrictEqual(["PENDING", "COMPLETED"]);
    expect(trouble).toStrictEqual([
      expect.stringContaining("ECONNREFUSED"),
      expect.stringContaining("ECONNREFUSED"),
      null,
    ]);
  });

  test("gives up on any other error, closing its subscription", async () => {
    const { source, events } = scripted([SAMPLE.queued, new RatchetError("RT013", "There is no job 7.")]);
    const following = (async () => {
      for await (const _ of followJob(source, { signal: never, onTrouble: quiet, pollMs: 1 })) {
        // Only the end matters.
      }
    })();
    await expect(following).rejects.toMatchObject({ code: "RT013" });
    expect(events.closed).toBe(1);
  });
});
